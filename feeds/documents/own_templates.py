"""A site's own templates and style sheets: the folder `feeds.templates` -> checked files.

A mistake is found when feeds.toml is read. The names in a template are compared with those that the
program fills in; this finds a wrong name in every branch. Then each page is rendered with invented
values, full and empty ones, which finds the rest.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec.structs import replace

from feeds.config import Config
from feeds.documents.theme import (
    BUILT_IN,
    OVERRIDABLE_FILES,
    PAGES,
    inline_elements,
    make_page_environment,
)
from feeds.documents.translations import template_words
from feeds.errors import ConfigError
from feeds.formats import FORMATS
from feeds.templating import jinja, jinja_syntax
from feeds.templating.jinja import TemplateError, Value
from feeds.templating.jinja_syntax import line_of

_GENERATOR_MARK = FORMATS["html"].generator_mark
_MAX_CHARS = 200_000


def _texts(names: str) -> dict[str, Value]:
    return dict.fromkeys(names.split(), "x")


_FORMATS: list[Value] = [_texts("name type href")]
_EVERY_PAGE: dict[str, Value] = {
    **_texts("language direction url full_title description site_title site_url rights root"),
    **_texts("all_feeds opml policy style script icon words_lang made_url logo"),
    "formats": _FORMATS,
    "words": {**template_words("en")},
}
_ENTRY: dict[str, Value] = {
    **_texts("title link summary published date updated updated_date image language direction"),
    "authors": [_texts("name url")],
    "terms": [_texts("name url")],
    "has_terms": True,
    "file": _texts("url type"),
}
PAGE_VALUES: dict[str, dict[str, Value]] = {
    "page.html": {
        **_EVERY_PAGE,
        **_texts("title about current older"),
        "is_root": True,
        "entries": [_ENTRY],
    },
    "feeds.html": {
        **_EVERY_PAGE,
        "many": True,
        "groups": [{"heading": "x", "feeds": [{**_texts("title page"), "formats": _FORMATS}]}],
    },
}
"""Invented values for each page: every name that the program fills in. docs/pages.md has them."""

_NAMES: dict[str, dict[str, Value]] = {
    **PAGE_VALUES,
    "entry.html": {**PAGE_VALUES["page.html"], "entry": _ENTRY},
}


def read_theme(config: Config, beside: Path) -> Config:
    """The configuration with its templates, read from the folder that `feeds.templates` names.

    `beside` is the folder of the configuration file. Raises ConfigError with all problems of all
    files.
    """
    if not config.feeds.templates:
        return config
    folder = beside / config.feeds.templates
    if not folder.is_dir():
        raise ConfigError([f"feeds.templates: {folder}: there is no such folder"])
    files: dict[str, str] = {}
    problems: list[str] = []
    for file in OVERRIDABLE_FILES:
        path = folder / file
        try:
            files[file] = path.read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{path}: cannot be read as UTF-8 ({error})")
    if not files and not problems:
        problems.append(f"feeds.templates: {folder}: has none of {', '.join(OVERRIDABLE_FILES)}")
    problems += [f"{folder / file}:{problem}" for file, problem in template_problems(files)]
    if problems:
        raise ConfigError(problems)
    return replace(config, theme=files)


def theme_files(config: Config, beside: Path) -> list[Path]:
    """The paths of a site's own files, whether or not they exist."""
    folder = config.feeds.templates
    return [beside / folder / file for file in OVERRIDABLE_FILES] if folder else []


def template_problems(own: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The problems of a site's own files: for each the file, and a text ``line: problem``."""
    problems = [(file, problem) for file in own for problem in _problems_of_file(file, own[file])]
    if not problems and any(file.endswith(".html") for file in own):
        problems = list(dict.fromkeys(_problems_of_rendering(own)))
    yield from problems


def _problems_of_file(file: str, text: str) -> Iterator[str]:
    if len(text) > _MAX_CHARS:
        yield f"1: it is larger than {_MAX_CHARS:,} characters"
    elif not file.endswith(".css"):
        yield from _problems_of_template(file, text)
    elif "</style" in text.lower():
        line = line_of(text, text.lower().index("</style"))
        yield f"{line}: a style sheet must not contain </style"


def _problems_of_template(file: str, text: str) -> Iterator[str]:
    try:
        jinja_syntax.parse(text, file)
    except TemplateError as error:
        yield f"{error.line}: {error}"
        return
    yield from _unknown_names(file, text)
    active = jinja_syntax.blank_raw(text)
    # Escaping protects text and quoted attribute values. In an unquoted one, a post could add
    # attributes.
    for tag in re.finditer(r"=\s*\{[{%]", active):
        yield f"{line_of(text, tag.start())}: put quotes around the value of the attribute"
    for kind, content, start in inline_elements(active):
        inside = re.sub(rf"\{{\{{\s*{kind}\s*\}}\}}", "", content)
        if "{{" in inside or "{%" in inside:
            yield f"{line_of(text, start)}: <{kind}> can contain no value except {{{{ {kind} }}}}"
        elif content not in text[start:]:  # the policy has the hash of the text as it is written
            yield (
                f"{line_of(text, start)}: <{kind}> can contain no {{# and no {{% raw %}}; write "
                f"{{% raw %}} and {{% endraw %}} around the whole <{kind}>"
            )
    if file in PAGES and _GENERATOR_MARK not in text[:2000]:
        yield f"1: its start has no {_GENERATOR_MARK}, by which a build recognises its own pages"


def _unknown_names(file: str, text: str) -> Iterator[str]:
    """A problem for each name that the program does not fill in, also names of loop variables."""
    variables: dict[str, list[Value]] = {}
    for names, expression in jinja_syntax.loops(text):
        path = re.match(r"[\w.]+", expression)
        values = _values_of(path[0], file, variables) if path and len(names) == 1 else []
        for name in names:
            # A variable of a list that nobody knows can have every name.
            items = [item for value in values if isinstance(value, list) for item in value]
            variables.setdefault(name, []).extend(items or [""])
    names_of_text = jinja_syntax.undeclared_names(text)
    try:
        inside = jinja_syntax.undeclared_names(jinja_syntax.without_loops(text))
    except RuntimeError:  # the text has something between braces that only looks like a loop
        inside = set()
    in_loops = {name for name in inside if name.partition(".")[0] in variables}
    for name in sorted(
        names_of_text | in_loops, key=lambda n: (jinja_syntax.line_of_name(text, n), n)
    ):
        if not _values_of(name, file, variables):
            line = jinja_syntax.line_of_name(text, name)
            yield f"{line}: there is no value {name}{_hint(name, file)}"


def _values_of(name: str, file: str, variables: Mapping[str, list[Value]]) -> list[Value]:
    """The invented values that a dotted name can have; none if there is no such name."""
    first, *rest = name.split(".")
    values = list(variables.get(first, ()))
    if first in _NAMES[file]:
        values.append(_NAMES[file][first])
    for part in rest:
        # What is not a table has methods, which rendering checks.
        values = [
            value.get(part, "") if isinstance(value, Mapping) else ""
            for value in values
            if not isinstance(value, Mapping) or part in value or part in _TABLE_METHODS
        ]
    return values


_TABLE_METHODS = frozenset({"get", "items", "keys", "values"})


def _hint(name: str, file: str) -> str:
    """The nearest name that exists, as a question."""
    *_, last = name.split(".")
    known = {*_NAMES[file], *_ENTRY, "name", "url", "type", "href", "heading", "page", "entry"}
    if name.startswith("words."):
        known = set(template_words("en"))
    near = difflib.get_close_matches(last, known - {last}, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _problems_of_rendering(own: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    files = {**BUILT_IN, **own}
    strict, lenient = make_page_environment(files, strict=True), make_page_environment(files)
    for page, full in PAGE_VALUES.items():
        of_newest: dict[str, Value] = {**full, "current": ""}
        tries = (
            (strict, full),
            (strict, of_newest),
            (lenient, _emptied(full, keep_items=False)),
            (lenient, _emptied(full, keep_items=True)),
        )
        for environment, values in tries:
            try:
                jinja.render(environment, page, values)
            except TemplateError as error:
                if error.file in own:
                    yield error.file, f"{error.line}: {error}"
                elif page in own:
                    yield page, f"1: it includes {error.file}, where {error}"


def _emptied(values: Mapping[str, Value], keep_items: bool) -> dict[str, Value]:
    """The same names with empty values; lists keep their items, emptied, if `keep_items`."""
    return {name: _empty(value, keep_items) for name, value in values.items()}


def _empty(value: Value, keep_items: bool) -> Value:
    if isinstance(value, bool):
        return False
    if isinstance(value, list):
        return [_empty(item, keep_items) for item in value] if keep_items else []
    return _emptied(value, keep_items) if isinstance(value, Mapping) else ""
