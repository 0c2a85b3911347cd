"""The templates and style sheets of the HTML pages: built-in files and a site's own -> a Theme.

The built-in files are in templates/; this module reads them when it is imported. A site's own files
are in `Config.theme`; own_templates.py reads and checks them. The scripts and styles that a page
may use (`Theme.policy`) follow from its template alone, never from the values.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from minijinja import Environment
from msgspec import Struct

from feeds.config import Config
from feeds.errors import ConfigError
from feeds.templating import jinja
from feeds.templating.jinja import Markup, TemplateError, Value

PAGES = {"page.html": "page.js", "feeds.html": "feeds.js"}
"""The template of each page, with its script."""

OVERRIDABLE_FILES = ("page.html", "entry.html", "feeds.html", "style.css", "feed.css")
"""The files that a site can replace or, for style sheets, extend."""

MAX_FUEL = 20_000_000
"""The work that a page may take: some seconds. A page with 50 entries takes some 20,000."""

BUILT_IN = {
    file: (Path(__file__).with_name("templates") / file).read_text(encoding="utf-8")
    for file in (*PAGES, *PAGES.values(), "entry.html", "style.css", "feed.css")
}
"""The files of this program."""


class Theme(Struct, frozen=True):
    """The templates of a site, its scripts and its style sheets."""

    templates: Environment
    """The templates of the pages of `PAGES`, and those that they include."""
    scripts: dict[str, str]
    """The script of each page."""
    policies: dict[str, str]
    """The part of each page's Content-Security-Policy that follows from its template."""
    style: str
    """The style sheet of the pages."""
    feed_css: str
    """The style sheet of Atom and RSS documents."""

    def render(self, page: str, values: Mapping[str, Value]) -> bytes:
        """A page of `PAGES` with `values`, its style and its script.

        Raises ConfigError if a site's own template fails with these values.
        """
        files = {"style": Markup(self.style), "script": Markup(self.scripts[page])}
        try:
            return jinja.render(self.templates, page, {**values, **files}).encode()
        except TemplateError as error:
            where = f"feeds.templates: {error.file}:{error.line}"
            raise ConfigError([f"{where}: {error}"]) from None

    def policy(self, page: str, images: bool) -> str:
        """The Content-Security-Policy of a page: only its own styles and scripts.

        It allows images from other hosts if `images` is true.
        """
        image_hosts = " http: https:" if images else ""
        fixed = "base-uri 'none'; form-action 'none'"
        return f"{self.policies[page]}; img-src data:{image_hosts}; {fixed}"


def theme_of(config: Config) -> Theme:
    """The theme of a site; own_templates.py has checked its own templates already."""
    return _theme(tuple(sorted(config.theme.items())))


@lru_cache(maxsize=8)
def _theme(own: tuple[tuple[str, str], ...]) -> Theme:
    files = BUILT_IN | {file: text for file, text in own if not file.endswith(".css")}
    styles = {file: BUILT_IN[file] + dict(own).get(file, "") for file in ("style.css", "feed.css")}
    return Theme(
        templates=make_page_environment(files),
        scripts={page: files[script] for page, script in PAGES.items()},
        policies={
            page: _policy(files[page], styles["style.css"], files[script])
            for page, script in PAGES.items()
        },
        style=styles["style.css"],
        feed_css=styles["feed.css"],
    )


def make_page_environment(files: Mapping[str, str], strict: bool = False) -> Environment:
    """The environment of the templates in `files`; style sheets and scripts are not in it."""
    pages = {file: text for file, text in files.items() if file.endswith(".html")}
    return jinja.make_environment(pages, MAX_FUEL, strict)


_INLINE_START = re.compile(r"<(style|script)\b[^>]*+(?:>|\Z)", re.IGNORECASE)
_INLINE_END = {
    "style": re.compile(r"</style\s*+>", re.IGNORECASE),
    "script": re.compile(r"</script\s*+>", re.IGNORECASE),
}


def inline_elements(text: str) -> Iterator[tuple[str, str, int]]:
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
    for kind, content, _ in inline_elements(text):
        filled = re.sub(r"\{\{\s*style\s*\}\}", lambda _: style, content)
        filled = re.sub(r"\{\{\s*script\s*\}\}", lambda _: script, filled)
        digest = base64.b64encode(hashlib.sha256(filled.encode()).digest()).decode()
        hashes[kind][f"'sha256-{digest}'"] = None
    return "; ".join(
        ["default-src 'none'"]
        + [f"{kind}-src {' '.join(sources)}" for kind, sources in hashes.items() if sources]
    )
