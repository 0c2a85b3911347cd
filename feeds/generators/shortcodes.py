"""The shortcodes of a site's posts: the templates that the site has for them, or a proposal.

Zola's templates are much like Jinja's, so `feeds init` takes those that work here. Of others that
show nothing, it proposes what a template could look like, as a comment.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from feeds.config import Limits
from feeds.errors import PostError
from feeds.generators.settings import Shortcode, SiteSettings
from feeds.generators.site_folder import SiteFolder, SitePost
from feeds.reading.content.dialect import Dialect
from feeds.reading.content.markdown import ContentTooLarge
from feeds.reading.content.render import Place, render
from feeds.reading.content.templates.known_shortcodes import parse_call
from feeds.reading.content.templates.marks import mask
from feeds.reading.content.templates.own import template_problems
from feeds.reading.front_matter.formats import is_html
from feeds.reading.front_matter.parse import parse_front_matter
from feeds.text import same_line_ends

_FOLDERS = {
    "hugo": ("layouts/_shortcodes", "layouts/shortcodes"),
    "zola": ("templates/shortcodes",),
}
"""The folders of a generator's shortcodes in a site, and in a theme below ``themes/``."""
_SHORTCODE = "the shortcode "
_MAX_CHARS = 2_000
"""Length of a template that is written into feeds.toml."""
_MOST_NAMES = 50


class _Use(Struct):
    """How the posts use one shortcode."""

    named: Counter[str]
    """Its named arguments, and how often each is there."""
    positional: int = 0
    """The most arguments without a name."""
    times: int = 0
    """How often it is used and shows nothing."""
    posts: int = 0
    """In how many posts."""


def with_shortcodes(
    settings: SiteSettings,
    generator: str,
    dialect: Dialect,
    posts: Iterable[SitePost],
    site: SiteFolder,
) -> SiteSettings:
    """The settings with the shortcodes that the posts use and that the program does not know."""
    if not dialect.marks - {"attributes"}:
        return settings
    uses: defaultdict[str, _Use] = defaultdict(lambda: _Use(Counter()))
    for post in posts:
        if post.may_have_shortcodes:
            _count(post.path, dialect, site, uses)
    found = []
    for name, use in sorted(uses.items(), key=lambda item: (-item[1].times, item[0])):
        file, text = _template(name, generator, site)
        own = _as_jinja(text, settings.url) if generator == "zola" and text else ""
        if own and len(own) <= _MAX_CHARS and not any(template_problems(own)):
            found.append(Shortcode(name, file, own, is_own=True))
        elif use.times:
            proposal = _proposal(use, settings.url)
            found.append(Shortcode(name, file, proposal, times=use.times, posts=use.posts))
    return replace(settings, shortcodes=tuple(found[:_MOST_NAMES]))


def _count(path: str, dialect: Dialect, site: SiteFolder, uses: dict[str, _Use]) -> None:
    """Count the shortcodes of one post, and how often each shows nothing."""
    limits = Limits()
    data = site.data(path, limits.post_bytes)
    if data is None:
        return
    try:
        body = parse_front_matter(path, data, limits.front_matter_bytes).body
        marks = mask(body, dialect.marks).marks
        unknown = render(
            body,
            Place("https://a.example/"),
            limits,
            is_markdown=not is_html(path),
            dialect=dialect,
        ).unknown
    except (PostError, ContentTooLarge):
        return
    for mark in marks:
        if mark.kind in ("shortcode", "component", "tag", "value"):
            call = parse_call(mark.inner)
            if re.fullmatch(r"[\w-]+", call.name):
                use = uses[call.name]
                use.named.update(call.named.keys())
                use.positional = max(use.positional, len(call.positional))
    for label, times in unknown.items():
        name = label.removeprefix(_SHORTCODE)
        if name != label and name in uses:
            uses[name].times += times
            uses[name].posts += 1


def _template(name: str, generator: str, site: SiteFolder) -> tuple[str, str]:
    """The site's own template of a shortcode: its path and its text; ``""`` if there is none."""
    folders = _FOLDERS.get(generator, ())
    themes = site.folders("themes") if folders else []
    for folder in (*folders, *(f"themes/{t}/{f}" for t in themes for f in folders)):
        for file in site.names(folder):
            if file.lower() == f"{name}.html":
                try:
                    text = site.read(f"{folder}/{file}") or ""
                    return f"{folder}/{file}", same_line_ends(text)
                except (OSError, ValueError):
                    return f"{folder}/{file}", ""
    return "", ""


_NAMED_ARGUMENT = re.compile(r"\b(?P<filter>default|join|split)\(\s*(?:value|sep|pat)\s*=\s*")
_URL = re.compile(
    r"get_url\(\s*path\s*=\s*(?P<path>\"[^\"@]*\"|[\w.]+)\s*(?:,\s*\w+\s*=\s*\w+\s*)?\)"
)


def _as_jinja(template: str, url: str) -> str:
    """A template of Zola as one of Jinja: filters have no named arguments; an address is a text.

    https://keats.github.io/tera/docs/, https://www.getzola.org/documentation/templates/overview/
    """
    template = _NAMED_ARGUMENT.sub(r"\g<filter>(", template)
    start = url if url.endswith("/") else f"{url}/"
    return _URL.sub(lambda found: f"('{start}' ~ ({found['path']} | trim('/')))", template).strip()


_ADDRESSES = ("src", "image", "img", "file", "path")
_LINKS = ("url", "href", "link")
_TEXTS = ("text", "title", "caption", "heading", "label", "name", "alt")


def _proposal(use: _Use, url: str) -> str:
    """What a template could look like, by the names of the arguments."""
    names = sorted(name for name in use.named if name.isidentifier())
    text = next(_first(use, _TEXTS), "")
    if image := next(_first(use, _ADDRESSES), ""):
        alt = next(_first(use, ("alt", "caption", "title")), "alt")
        start = url if url.endswith("/") else f"{url}/"
        return f'<img src="{start}{{{{ {image} }}}}" alt="{{{{ {alt} }}}}">'
    if link := next(_first(use, _LINKS), ""):
        return f'<a href="{{{{ {link} }}}}">{{{{ {text or link} }}}}</a>'
    if text or names:
        return f"<p>{{{{ {text or names[0]} }}}}</p>"
    return "<p>{{ _0 }}</p>" if use.positional else "<p>…</p>"


def _first(use: _Use, names: Iterable[str]) -> Iterator[str]:
    return (name for name in names if name in use.named)


def shortcode_lines(shortcodes: Iterable[Shortcode]) -> Iterator[str]:
    """The lines of ``[content.shortcodes]`` in feeds.toml."""
    for code in shortcodes:
        key = code.name
        if code.is_own:
            yield f"# As in {code.file}"
            yield f"{key} = {_literal(code.template)}"
            continue
        times = "once" if code.times == 1 else f"{code.times:,} times"
        posts = "1 post" if code.posts == 1 else f"{code.posts:,} posts"
        yield f"# {key} shows nothing, {times} in {posts}. A proposal:"
        if code.file:
            yield f"# ({code.file} has what the site shows)"
        yield from (f"# {line}" for line in f"{key} = {_literal(code.template)}".splitlines())


def _literal(text: str) -> str:
    """A text as TOML."""
    if "'" not in text and "\n" not in text:
        return f"'{text}'"
    if "'''" not in text:
        return f"'''\n{text}'''"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
