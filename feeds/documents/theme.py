"""Owns what pages look like: the templates and style sheets, built in or a site's own.

The built-in ones lie in templates/ and are read once, as code is. A site's own come from the folder
that `feeds.templates` names. Only `read_theme` touches the disk. What a template may run and load
follows from its own text (`Theme.policy`), never from what is filled in.
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
"""The pages, each with its script."""

OVERRIDABLE_FILES = ("page.html", "entry.html", "feeds.html", "style.css", "feed.css")
"""The files that a site may have of its own."""

_VARIABLES = """
about all_feeds authors current date description direction entries entry_direction entry_language
feeds file formats full_title groups has_terms heading href icon image is_root language link
made_url many name older opml page policy published rights root script site_title site_url style
summary terms title type updated updated_date url words words_lang
"""
TEMPLATE_VARIABLES = frozenset(_VARIABLES.split())
"""Every name that a template can use; docs/pages.md says what each is."""

_MARK = FORMATS["html"].generator_mark
_LARGEST = 200_000

_BUILT_IN = {
    file: (Path(__file__).with_name("templates") / file).read_text(encoding="utf-8")
    for file in (*PAGES, *PAGES.values(), "entry.html", "style.css", "feed.css")
}


class Theme(Struct, frozen=True):
    """The templates of a site, ready to be filled in; by page where there is one for each."""

    pages: dict[str, Template]
    scripts: dict[str, str]
    policies: dict[str, str]
    style: str
    feed_css: str

    def policy(self, page: str, images: bool) -> str:
        """The Content-Security-Policy of a page: its own styles and scripts, nothing from afar."""
        from_afar = " http: https:" if images else ""
        always = "base-uri 'none'; form-action 'none'"
        return f"{self.policies[page]}; img-src data:{from_afar}; {always}"


def theme_of(config: Config) -> Theme:
    """The theme of a site. Its own templates have no mistake: `read_theme` checks them."""
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


# A <style> or <script> of a page: its name, and what is in it.
_INLINE = re.compile(r"<(style|script)\b[^>]*>(.*?)</\1\s*>", re.IGNORECASE | re.DOTALL)


def _policy(text: str, style: str, script: str) -> str:
    """The part of the policy that names each style and script of a page by its hash (CSP 3)."""
    hashes: dict[str, dict[str, None]] = {"style": {}, "script": {}}
    for kind, content in _INLINE.findall(text):
        filled = re.sub(r"\{\{\s*style\s*\}\}", lambda _: style, content)
        filled = re.sub(r"\{\{\s*script\s*\}\}", lambda _: script, filled)
        digest = base64.b64encode(hashlib.sha256(filled.encode()).digest()).decode()
        hashes[kind.lower()][f"'sha256-{digest}'"] = None
    return "; ".join(
        ["default-src 'none'"]
        + [f"{kind}-src {' '.join(known)}" for kind, known in hashes.items() if known]
    )


# --- a site's own ---------------------------------------------------------------------------------


def read_theme(config: Config, beside: Path) -> Config:
    """The configuration with the templates that it names, from their folder beside its file.

    Raises ConfigError with every problem of every file.
    """
    if not config.feeds.templates:
        return config
    folder = beside / config.feeds.templates
    if not folder.is_dir():
        raise ConfigError([f"feeds.templates: {folder}: there is no such folder"])
    found: dict[str, str] = {}
    problems: list[str] = []
    for file in OVERRIDABLE_FILES:
        path = folder / file
        try:
            found[file] = path.read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            problems.append(f"{path}: cannot be read as UTF-8 ({error})")
    if not found and not problems:
        problems.append(f"feeds.templates: {folder}: has none of {', '.join(OVERRIDABLE_FILES)}")
    problems += [f"{folder / file}:{what}" for file, what in template_problems(found)]
    if problems:
        raise ConfigError(problems)
    return replace(config, theme=found)


def theme_files(config: Config, beside: Path) -> list[Path]:
    """Where a site's own files are, or would be."""
    folder = config.feeds.templates
    return [beside / folder / file for file in OVERRIDABLE_FILES] if folder else []


def template_problems(own: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Everything wrong with a site's own files: the file, then the line and what is wrong."""
    files = {**_BUILT_IN, **own}
    for file, text in own.items():
        if len(text) > _LARGEST:
            yield file, f"1: it is larger than {_LARGEST:,} characters"
        elif file.endswith(".css"):
            if "</style" in text.lower():
                yield (
                    file,
                    f"{_line(text, text.lower().index('</style'))}: a style sheet has </style",
                )
        else:
            yield from ((file, what) for what in _template_flaws(file, text, files))


def _template_flaws(file: str, text: str, files: Mapping[str, str]) -> Iterator[str]:
    try:
        mustache.parse_template(
            text,
            {name: files[name] for name in OVERRIDABLE_FILES if ".css" not in name}.__getitem__,
        )
        found = mustache.parse_template(text, lambda _: "")
    except TemplateError as error:
        yield f"{error.line}: {error}"
        return
    for name in mustache.names(found):
        known: Collection[str] = TEMPLATE_VARIABLES
        for word in name.names:
            if word not in known:
                near = difflib.get_close_matches(word, known, n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                yield f"{name.line}: there is no value {'.'.join(name.names)}{hint}"
                break
            known = template_words("en") if word == "words" else TEMPLATE_VARIABLES
    # Escaping is for text and for values in quotes; elsewhere a post could write more than a value.
    for tag in re.finditer(r"=\s*\{\{", text):
        yield f"{_line(text, tag.start())}: a value of an attribute stands in quotes"
    for block in _INLINE.finditer(text):
        inside = re.sub(rf"\{{\{{\s*{block[1].lower()}\s*\}}\}}", "", block[2])
        if "{{" in inside:
            kind, where = block[1].lower(), _line(text, block.start())
            yield f"{where}: <{kind}> can have no value in it but {{{{{kind}}}}}"
    if file in PAGES and _MARK not in text[:2000]:
        yield f"1: its start has no {_MARK}, by which a build knows its own pages again"


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
