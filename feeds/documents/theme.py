"""The templates and style sheets of the HTML pages: built-in files and a site's own -> a Theme.

The built-in files are in templates/; this module reads them when it is imported. A site's own files
are in the folder that `feeds.templates` names; only `read_theme` reads them. The scripts and styles
that a page may use (`Theme.policy`) follow from its template alone, never from the values.
"""

from __future__ import annotations

import base64
import difflib
import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from feeds.config import Config
from feeds.documents import mustache
from feeds.documents.mustache import Template, TemplateError
from feeds.documents.translations import template_words
from feeds.errors import ConfigError
from feeds.formats import FORMATS

PAGES = {"page.html": "page.js", "feeds.html": "feeds.js"}
"""The template of each page, with its script."""

OVERRIDABLE_FILES = ("page.html", "entry.html", "feeds.html", "style.css", "feed.css")
"""The files that a site can replace or, for style sheets, extend."""

_VARIABLES = """
about all_feeds authors current date description direction entries entry_direction entry_language
feeds file formats full_title groups has_terms heading href icon image is_root language link
made_url many name older opml page policy published rights root script site_title site_url style
summary terms title type updated updated_date url words words_lang
"""
TEMPLATE_VARIABLES = frozenset(_VARIABLES.split())
"""All names that a template can use; docs/pages.md describes each."""

_GENERATOR_MARK = FORMATS["html"].generator_mark
_MAX_CHARS = 200_000

_BUILT_IN = {
    file: (Path(__file__).with_name("templates") / file).read_text(encoding="utf-8")
    for file in (*PAGES, *PAGES.values(), "entry.html", "style.css", "feed.css")
}


class Theme(Struct, frozen=True):
    """The parsed templates of a site, its scripts and its style sheets."""

    pages: dict[str, Template]
    """The template of each page of `PAGES`."""
    scripts: dict[str, str]
    """The script of each page."""
    policies: dict[str, str]
    """The part of each page's Content-Security-Policy that follows from its template."""
    style: str
    """The style sheet of the pages."""
    feed_css: str
    """The style sheet of Atom and RSS documents."""

    def policy(self, page: str, images: bool) -> str:
        """The Content-Security-Policy of a page: only its own styles and scripts.

        It allows images from other hosts if `images` is true.
        """
        image_hosts = " http: https:" if images else ""
        fixed = "base-uri 'none'; form-action 'none'"
        return f"{self.policies[page]}; img-src data:{image_hosts}; {fixed}"


def theme_of(config: Config) -> Theme:
    """The theme of a site; `read_theme` has checked its own templates already."""
    return _theme(tuple(sorted(config.theme.items())))


@lru_cache(maxsize=8)
def _theme(own: tuple[tuple[str, str], ...]) -> Theme:
    files = _BUILT_IN | {file: text for file, text in own if not file.endswith(".css")}
    styles = {file: _BUILT_IN[file] + dict(own).get(file, "") for file in ("style.css", "feed.css")}
    return Theme(
        pages={page: mustache.parse_template(files[page], files.__getitem__) for page in PAGES},
        scripts={page: files[script] for page, script in PAGES.items()},
        policies={
            page: _policy(files[page], styles["style.css"], files[script])
            for page, script in PAGES.items()
        },
        style=styles["style.css"],
        feed_css=styles["feed.css"],
    )


_INLINE_START = re.compile(r"<(style|script)\b[^>]*+(?:>|\Z)", re.IGNORECASE)
_INLINE_END = {
    "style": re.compile(r"</style\s*+>", re.IGNORECASE),
    "script": re.compile(r"</script\s*+>", re.IGNORECASE),
}


def _inline_elements(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield each <style> and <script> element of a page: its name, its content, its position."""
    at, unclosed = 0, set[str]()
    while start := _INLINE_START.search(text, at):
        name, at = start[1].lower(), start.end()
        end = _INLINE_END[name].search(text, at) if name not in unclosed else None
        if end is None:
            unclosed.add(name)
        else:
            yield name, text[at : end.start()], start.start()
            at = end.end()


def _policy(text: str, style: str, script: str) -> str:
    """The part of the policy that allows each style and script of a page by its hash (CSP 3)."""
    hashes: dict[str, dict[str, None]] = {"style": {}, "script": {}}
    for kind, content, _ in _inline_elements(text):
        filled = re.sub(r"\{\{\s*style\s*\}\}", lambda _: style, content)
        filled = re.sub(r"\{\{\s*script\s*\}\}", lambda _: script, filled)
        digest = base64.b64encode(hashlib.sha256(filled.encode()).digest()).decode()
        hashes[kind][f"'sha256-{digest}'"] = None
    return "; ".join(
        ["default-src 'none'"]
        + [f"{kind}-src {' '.join(sources)}" for kind, sources in hashes.items() if sources]
    )


# --- a site's own files ---------------------------------------------------------------------------


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
    files = {**_BUILT_IN, **own}
    for file, text in own.items():
        if len(text) > _MAX_CHARS:
            yield file, f"1: it is larger than {_MAX_CHARS:,} characters"
        elif file.endswith(".css"):
            if "</style" in text.lower():
                line = _line(text, text.lower().index("</style"))
                yield file, f"{line}: a style sheet must not contain </style"
        else:
            yield from ((file, problem) for problem in _problems_of_template(file, text, files))


def _problems_of_template(file: str, text: str, files: Mapping[str, str]) -> Iterator[str]:
    try:
        mustache.parse_template(
            text,
            {name: files[name] for name in OVERRIDABLE_FILES if ".css" not in name}.__getitem__,
        )
        template = mustache.parse_template(text, lambda _: "")
    except TemplateError as error:
        yield f"{error.line}: {error}"
        return
    for name in mustache.names(template):
        allowed: Collection[str] = TEMPLATE_VARIABLES
        for word in name.names:
            if word not in allowed:
                near = difflib.get_close_matches(word, allowed, n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                yield f"{name.line}: there is no value {'.'.join(name.names)}{hint}"
                break
            allowed = template_words("en") if word == "words" else TEMPLATE_VARIABLES
    # Escaping protects text and quoted attribute values. In an unquoted one, a post could add
    # attributes.
    for tag in re.finditer(r"=\s*\{\{", text):
        yield f"{_line(text, tag.start())}: put quotes around the value of the attribute"
    for kind, content, start in _inline_elements(text):
        inside = re.sub(rf"\{{\{{\s*{kind}\s*\}}\}}", "", content)
        if "{{" in inside:
            yield f"{_line(text, start)}: <{kind}> can contain no value except {{{{{kind}}}}}"
    if file in PAGES and _GENERATOR_MARK not in text[:2000]:
        yield f"1: its start has no {_GENERATOR_MARK}, by which a build recognises its own pages"


def _line(text: str, position: int) -> int:
    """The line of a position in a text, from 1."""
    return text.count("\n", 0, position) + 1
