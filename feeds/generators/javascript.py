"""Reads what is plain data in a configuration in JavaScript or TypeScript; nothing is run.

A text, a number, `true` or `false` has a value. Everything else is an `Expression`, whose value is
not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from feeds.generators.site_folder import SiteFolder
from feeds.generators.values import SiteConfig, Values, value_at


class Expression:
    """The value of a name that only the program itself can work out."""


EXPRESSION = Expression()


class Script(NamedTuple):
    """What is plain data in a script."""

    objects: list[dict[str, object]]
    """The object literals that are not inside another one. The objects in a list are one table."""
    constants: Mapping[str, object]
    """The values of ``const name = …``."""
    calls: Mapping[str, list[str]]
    """The first argument of each call of a function, if it is a text, by the function's name."""

    def object_with(self, *names: str) -> Values:
        """The first object that has the first of these names that one has; else empty."""
        return next((one for name in names for one in self.objects if name in one), {})


def read_script(site: SiteFolder, *files: str) -> tuple[str, Script]:
    """The first of `files` that can be read, and what is in it; ``""`` if there is none."""
    for file in files:
        try:
            text = site.read(file)
        except (OSError, ValueError):
            continue
        if text is not None:
            return file, parse_script(text)
    return "", Script([], {}, {})


def read_object(site: SiteFolder, files: tuple[str, ...], names: tuple[str, ...]) -> SiteConfig:
    """The object that `Script.object_with` finds in the first of `files` that can be read."""
    file, script = read_script(site, *files)
    return SiteConfig(file, script.object_with(*names))


def is_expression(values: object, name: str) -> bool:
    """Return whether a name has a value that only the program itself can work out."""
    return isinstance(value_at(values, name), Expression)


# --- tokens ---------------------------------------------------------------------------------------


class _Token(NamedTuple):
    kind: str
    """``text``, ``word``, ``template`` (with parts that are not plain), or ``sign``."""
    value: str


_WORD = re.compile(r"[\w$]+")
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|\r\n|[\s\S])")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "", "f": "", "v": "", "0": "", "\n": ""}
_BEFORE_PATTERN = frozenset({"", "(", ",", "=", ":", "[", "!", "&", "|", "?", "{", ";", "return"})
"""What a regular expression can stand behind; elsewhere, ``/`` divides."""


def _tokens(text: str) -> Iterator[_Token]:
    at, last = 0, ""
    while at < len(text):
        char = text[at]
        if char.isspace():
            at += 1
            continue
        if text.startswith(("//", "/*"), at):
            mark = "\n" if text[at + 1] == "/" else "*/"
            end = text.find(mark, at + 2)
            at = end + len(mark) if end >= 0 else len(text)
            continue
        if char in "'\"`":
            end = _end_of_text(text, at)
            raw = text[at + 1 : end]
            is_plain = char != "`" or "${" not in raw
            token = _Token("text", _unescaped(raw)) if is_plain else _Token("template", raw)
            at = end + 1
        elif char == "/" and last in _BEFORE_PATTERN:
            token = _Token("sign", "/")
            at = _end_of_pattern(text, at) + 1
        elif word := _WORD.match(text, at):
            token, at = _Token("word", word[0]), word.end()
        else:
            token, at = _Token("sign", char), at + 1
        last = token.value if token.kind in ("word", "sign") else "text"
        yield token


def _end_of_text(text: str, start: int) -> int:
    """Where the quote that ends a text is; code in a template is part of it."""
    quote, depth, at = text[start], 0, start + 1
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 1
        elif quote == "`" and text.startswith("${", at):
            depth += 1
            at += 1
        elif depth and char in "{}":
            depth += 1 if char == "{" else -1
        elif not depth and (char == quote or (char == "\n" and quote != "`")):
            return at
        at += 1
    return len(text)


def _end_of_pattern(text: str, start: int) -> int:
    at, in_class = start + 1, False
    while at < len(text) and text[at] != "\n":
        if text[at] == "\\":
            at += 1
        elif text[at] in "[]":
            in_class = text[at] == "["
        elif text[at] == "/" and not in_class:
            return at
        at += 1
    return at


def _unescaped(raw: str) -> str:
    return _ESCAPE.sub(_escaped_character, raw)


def _escaped_character(escape: re.Match[str]) -> str:
    code = escape[1]
    if len(code) > 1 and code[0] in "ux":
        char = chr(int(code[1:], 16))
        return "" if "\ud800" <= char <= "\udfff" else char
    return _ESCAPES.get(code, "" if code == "\r\n" else code)


# --- values ---------------------------------------------------------------------------------------


class _Open(NamedTuple):
    """A bracket that is not closed yet."""

    sign: str
    table: dict[str, object] | None
    """Where the names directly in it, or in objects in it, go; None outside of objects."""
    key: str
    """The name in `table` that this is the value of; ``""`` for the value of none."""


def parse_script(text: str) -> Script:
    """The plain data in a script."""
    tokens = [*_tokens(text), *[_Token("sign", "")] * 4]
    objects: list[dict[str, object]] = []
    constants: dict[str, object] = {}
    calls: dict[str, list[str]] = {}
    opened = [_Open("", None, "")]
    key = ""  # the name whose value is being read
    before = _Token("sign", "")
    for at, token in enumerate(tokens[:-4]):
        top, after = opened[-1], tokens[at + 1]
        if token.kind == "sign" and token.value in ("{", "[", "("):
            opened.append(_opened(token.value, top, key, objects))
            key = ""
        elif token.kind == "sign" and token.value in ("}", "]", ")"):
            del opened[-1 if len(opened) > 1 else 1 :]
            key = ""
        elif token == _Token("sign", ","):
            key = ""
        elif _is_key(token, before, after, top) and top.table is not None:
            key = token.value
            value = _value(tokens, at + 2, constants)
            if value is not None:
                top.table.setdefault(key, value)
        elif top.table is not None and _is_shorthand(token, before, after, top):
            top.table.setdefault(token.value, constants.get(token.value, EXPRESSION))
        elif before == _Token("word", "const") and token.kind == "word":
            value = _constant(tokens, at + 1, constants)
            if value is not None:
                constants.setdefault(token.value, value)
        elif token.kind == "word" and after.value == "(" and tokens[at + 2].kind == "text":
            calls.setdefault(token.value, []).append(tokens[at + 2].value)
        elif token.kind == "text" and top.sign == "[" and top.table is not None and top.key:
            items = top.table.setdefault(top.key, [])
            if isinstance(items, list):
                items.append(token.value)
        before = token
    return Script([one for one in objects if one], constants, calls)


def _is_key(token: _Token, before: _Token, after: _Token, top: _Open) -> bool:
    is_first = before.kind == "sign" and before.value in ("{", ",")
    is_name = token.kind in ("word", "text") and after == _Token("sign", ":")
    return top.sign == "{" and is_first and is_name


def _is_shorthand(token: _Token, before: _Token, after: _Token, top: _Open) -> bool:
    """Return whether a name is that of a constant too: ``{ title: 'T', url }``.

    An object that starts with such a name, and is not the value of one, may be what a script
    imports (``import { url } from …``).
    """
    is_first = before.kind == "sign" and before.value in ("{", ",")
    is_alone = is_first and after.kind == "sign" and after.value in (",", "}")
    is_object = top.sign == "{" and bool(top.table or top.key)
    return token.kind == "word" and is_object and is_alone


def _opened(sign: str, top: _Open, key: str, objects: list[dict[str, object]]) -> _Open:
    """The state inside a bracket: an object is the table of its key, and so are those in a list or
    a call there.
    """
    table, name = (top.table, key) if top.sign == "{" else (top.table, top.key)
    if sign != "{":
        return _Open(sign, table, name) if name else _Open(sign, None, "")
    own: dict[str, object] = {}
    if table is None or not name:
        objects.append(own)
        return _Open(sign, own, "")
    inner = table.get(name)
    if not isinstance(inner, dict):
        table[name] = inner = own
    return _Open(sign, inner, name)


def _constant(tokens: list[_Token], at: int, constants: Mapping[str, object]) -> object:
    """The value behind ``=``, perhaps with a type between (``const name: string = …``)."""
    if tokens[at].value == ":" and tokens[at + 1].kind == "word":
        at += 2
    return _value(tokens, at + 1, constants) if tokens[at] == _Token("sign", "=") else None


def _value(tokens: list[_Token], at: int, constants: Mapping[str, object]) -> object:
    """The value that starts at a token; None for an object or a list."""
    token, after = tokens[at], tokens[at + 1]
    is_whole = after.kind != "sign" or after.value in ("", ",", "}", "]", ")", ";")
    if token.kind == "sign" and token.value in ("{", "["):
        return None
    if not is_whole or token.kind in ("template", "sign"):
        return EXPRESSION
    if token.kind == "text":
        return token.value
    if token.value in ("true", "false"):
        return token.value == "true"
    return constants.get(token.value, EXPRESSION)
