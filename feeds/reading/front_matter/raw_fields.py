"""A post that cannot be read -> the fields that its lines seem to have.

Nothing of it is published. It only tells whether the author has closed the post: then its last
valid entry must go. So each line is read alone, and a line that could mean two things counts as
both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from feeds.reading.front_matter.formats import Value, is_html
from feeds.reading.front_matter.html_head import head_fields
from feeds.reading.front_matter.plain_fields import FieldLine, field_lines, find_plain_block
from feeds.text import same_line_ends, without_controls

Pair = tuple[str, str]
"""The dotted name of a field, and a text."""

_WORDS = r"[A-Za-z_](?:[\w.-]|[ ](?=[\w.-])){0,60}"
_NAME = rf"(?P<quote>[\"']?)(?P<name>{_WORDS})(?P=quote)"
_INDENT = r"(?P<indent>[ \t]*+(?:-[ \t]++)*+(?:\.\.[ \t]++)?+)"
"""The start of a line: spaces, the marks of lists in YAML, the two dots of Nikola."""
_FIELD = re.compile(rf"{_INDENT}{_NAME}[ \t]*+[:=\uff1a][ \t]*+(?P<value>.*)")
_ITEM = re.compile(rf"{_INDENT}(?P<value>.*)")
_TOML_TABLE = re.compile(r"[ \t]*+\[{1,2}[ \t]*+(?P<name>[\w\"'. -]{1,100})\]")
_FLOW = re.compile(
    rf"(?P<open>[{{\[])|(?P<close>[}}\]])|{_NAME}\s*+[:=](?!/)"
    r"|\"(?P<double>[^\"\n]*+)\"?|'(?P<single>[^'\n]*+)'?|(?P<plain>[^\s,:={}\[\]][^,{}\[\]\n]*+)"
)
_LOOSE = re.compile(rf"(?P<name>{_WORDS})[\"']?\s*+[:=]\s*+[\"']?(?P<value>[^,\"'{{}}\[\]\n]*+)")
_NOT_THE_VALUE = re.compile(r"(?:[!&][^\s]*+\s++)+")
"""YAML's tags and anchors."""
_COMMENT = re.compile(r"(?<!\s)\s++#.*+")
_MAX_DEPTH = 20


class RawPost(NamedTuple):
    """A post, as far as it can be read."""

    fields: dict[str, Value]
    """The texts of each field, by its dotted name. A field with others in it has a table too."""
    body: str
    """The text below the front matter; the whole post if the front matter has no end."""

    def pairs(self) -> Iterator[Pair]:
        """Yield the name and each text of each field."""
        for name, texts in self.fields.items():
            yield from ((name, text) for text in texts if isinstance(text, str))


def read_raw(key: str, data: bytes, limit: int) -> RawPost:
    """Read the lines at the start of a post, up to `limit` characters of front matter."""
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    decoded = data.decode(encoding, "replace").lstrip("\ufeff")
    plain = same_line_ends(decoded)
    block = find_plain_block(key, plain)
    start = plain[block.start : block.stop][:limit] if block else ""
    plain_pairs = [*_plain_pairs(field_lines(start)), *_head_pairs(key, plain[:limit])]
    if block and block.stray is None:
        return RawPost(_grouped(plain_pairs), plain[block.end :])
    text = "\n".join(without_controls(decoded).splitlines()).lstrip("\ufeff")
    is_json = text.lstrip().startswith("{") and not text.lstrip().startswith(("{%", "{{", "{:"))
    end = _end(text, is_json)
    head = text[: limit if end is None else min(end, limit)]
    if is_json:
        pairs = _flow_pairs("", head)
    elif text.lstrip().startswith("+++"):
        pairs = _toml_pairs(head.split("\n"))
    else:
        pairs = _yaml_pairs(head.split("\n"))
    return RawPost(_grouped([*plain_pairs, *pairs]), text if end is None else text[end:])


def _end(text: str, is_json: bool) -> int | None:
    """The offset of the line that ends the front matter; None if no line does."""
    starts = has_field = False
    offset = 0
    for line in text.split("\n"):
        mark = line.rstrip()
        if is_json and line.startswith("}"):
            return offset + 1
        if not is_json and mark in ("---", "+++", "..."):
            if starts and has_field:
                return offset
            starts = starts or mark != "..."
        has_field = has_field or bool(_FIELD.match(line))
        offset += len(line) + 1
    return None


def _grouped(pairs: Iterable[Pair]) -> dict[str, Value]:
    """The texts of each field. A field with others in it also has the table of these."""
    fields: dict[str, list[Value]] = {}
    tables: dict[str, dict[str, Value]] = {}
    for name, text in pairs:
        fields.setdefault(name, []).append(text)
        table, dot, inner = name.rpartition(".")
        if dot:
            tables.setdefault(table, {})[inner] = fields[name]
    for name, table_of_it in tables.items():
        fields.setdefault(name, []).append(table_of_it)
    return dict(fields)


# --- formats -------------------------------------------------------------------------------------


class _Open(NamedTuple):
    """A field whose value may go on in the lines below it."""

    indent: int
    """The column of its name."""
    name: str
    """Its dotted name."""
    is_table: bool
    """Whether it has no value on its own line: it is a list or a table, or its text is below."""
    is_text: bool
    """Whether all lines that are indented more are its text (``|``, ``>``)."""


def _yaml_pairs(lines: Iterable[str]) -> Iterator[Pair]:
    """The fields in lines of YAML, or of nothing in particular."""
    open_: list[_Open] = []
    for line in lines:
        any_line = _ITEM.match(line)
        if not line.strip() or not any_line:
            continue
        indent = len(any_line["indent"])
        while open_ and open_[-1].indent >= indent:
            open_.pop()
        above = open_[-1] if open_ else None
        field = _FIELD.match(line)
        if field is None or (above and above.is_text):
            if above:
                yield from _value_pairs(above.name, any_line["value"])
            continue
        # A field that is indented below a text belongs to nothing: it may be a field of the post.
        name = f"{above.name}.{field['name']}" if above and above.is_table else field["name"]
        value = _clean(field["value"])
        if len(open_) < _MAX_DEPTH:
            open_.append(_Open(indent, name, not value, value[:1] in ("|", ">")))
        yield from _value_pairs(name, field["value"])


def _toml_pairs(lines: Iterable[str]) -> Iterator[Pair]:
    """The fields in lines of TOML."""
    table = name = ""
    is_open = False
    for line in lines:
        if header := _TOML_TABLE.match(line):
            table, is_open = header["name"].replace('"', "").replace("'", "").strip() + ".", False
        elif field := _FIELD.match(line):
            name, value = table + field["name"], field["value"]
            is_open = value.startswith(("[", "{", '"""', "'''"))
            yield from _value_pairs(name, value)
        elif is_open:
            yield from _value_pairs(name, line)


def _plain_pairs(lines: Iterable[FieldLine]) -> Iterator[Pair]:
    """The fields without delimiters: each value as it is written, and as YAML would read it."""
    for line in lines:
        yield line.name, line.value
        yield from _value_pairs(line.name, line.value)


def _head_pairs(key: str, text: str) -> Iterator[Pair]:
    """The fields in the head of a page in HTML."""
    if is_html(key):
        yield from ((field.name, field.value) for field in head_fields(text) if field.name)


def _value_pairs(name: str, value: str) -> Iterator[Pair]:
    """The texts in the value of a field, and the fields in it."""
    value = _clean(value)
    if value.startswith(("{", "[")):
        yield from _flow_pairs(name, value)
    else:
        yield name, value.strip("\"', \t")


def _flow_pairs(name: str, text: str) -> Iterator[Pair]:
    """The fields in brackets: JSON, or a value of YAML or TOML.

    Where a bracket or a quote is missing, or the tables are too deep, all of them may be fields of
    the post.
    """
    table = ""
    outer: list[Pair] = []
    for token in _FLOW.finditer(text):
        if token["open"]:
            outer.append((table, name))
            if token["open"] == "{":
                table, name = f"{name}." if name else "", ""
        elif token["close"]:
            table, name = outer.pop() if outer else ("", "")
        elif token["name"]:
            name = table + token["name"]
        elif name:
            yield name, (token["double"] or token["single"] or token["plain"] or "").strip()
        if len(outer) > _MAX_DEPTH:
            break
    is_odd = any(text.count(a) != text.count(b) for a, b in ("{}", "[]")) or text.count('"') % 2
    if is_odd or len(outer) > _MAX_DEPTH:
        yield from ((loose["name"], loose["value"].strip()) for loose in _LOOSE.finditer(text))


def _clean(value: str) -> str:
    """A value without its comment, tag and anchor, and without spaces around it."""
    value = value.strip()
    if tag := _NOT_THE_VALUE.match(value):
        value = value[tag.end() :]
    return _COMMENT.sub("", value) if not value.startswith("#") else ""
