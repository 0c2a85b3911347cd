"""What the Liquid of a post can name: a post and the configuration -> `page`, `site` and the rest.

https://jekyllrb.com/docs/variables/, https://www.11ty.dev/docs/data-eleventy-supplied/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from liquid.undefined import Undefined

from feeds.config import Config
from feeds.paths import stem
from feeds.reading.field_lookup import Fields
from feeds.reading.front_matter.parse import FrontMatter
from feeds.reading.generators import jekyll
from feeds.reading.generators.base import field_defaults
from feeds.reading.liquid.site_files import DataFiles
from feeds.reading.liquid.state import State
from feeds.reading.liquid.typed import typed

if TYPE_CHECKING:
    from feeds.reading.post import Post


class Unknown(Undefined):
    """A value that only the site generator knows, and everything in it.

    Conditions and loops take it for nil; an output names it.
    """

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __getitem__(self, key: str) -> object:
        return self

    def __hash__(self) -> int:
        return hash(self.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Undefined) or other is None


class PartlyKnown(dict[str, Any]):
    """A table of the site generator that has more values than these."""

    def __init__(self, name: str, values: Mapping[str, Any], state: State) -> None:
        super().__init__(values)
        self.name, self.state = name, state

    def __missing__(self, key: object) -> Unknown:
        if not isinstance(key, str):
            raise KeyError(key)
        if key in ("first", "last", "size"):  # python-liquid asks for these in any table
            raise KeyError(key)
        name = f"{self.name}.{key}" if self.name else key
        self.state.report("value", name)
        return Unknown(name)


def template_values(post: Post, config: Config, state: State) -> Mapping[str, Any]:
    """All names of the templates of a post."""
    fields = {name: typed(value) for name, value in post.values.items()}
    if config.posts.generator == "eleventy":
        return _eleventy_values(post, config, fields, state)
    return {
        "page": PartlyPage("page", _page(post, config, fields), state),
        "site": _site(config, state),
        "jekyll": PartlyKnown("jekyll", {"environment": "production"}, state),
        "layout": PartlyKnown("layout", {}, state),
        "theme": PartlyKnown("theme", {}, state),
        STATE: state,
        CONFIG: config,
        POST: post,
    }


STATE, CONFIG, POST = "%state", "%config", "%post"
"""Names that no template can write: tags and filters need these values."""


class PartlyPage(PartlyKnown):
    """Jekyll's `page`: a field that the front matter lacks is nil, as in Jekyll."""

    def __missing__(self, key: object) -> Unknown:
        if key in ("next", "previous", "excerpt", "content", "output"):
            return super().__missing__(key)
        raise KeyError(key)


def _page(post: Post, config: Config, fields: dict[str, Any]) -> dict[str, Any]:
    """https://jekyllrb.com/docs/variables/#page-variables."""
    url = urlsplit(post.page).path
    base = urlsplit(config.site.url).path.rstrip("/")
    path = f"{config.posts.folder}/{post.key}".removeprefix("./").lstrip("/")
    name = path.rpartition("/")[2]
    slug = fields.get("slug") or re.sub(r"^\d+-\d+-\d+-", "", stem(post.key))
    known = {
        "title": post.title,
        "url": url.removeprefix(base) or "/",
        "date": post.published.astimezone(config.date_zone or config.zone),
        "id": f"{url.removeprefix(base).rstrip('/').rpartition('/')[0]}/{slug}",
        "path": path,
        "relative_path": path,
        "name": name,
        "ext": f".{name.rpartition('.')[2]}",
        "slug": slug,
        "collection": "posts",
        "draft": False,
    }
    front_matter = FrontMatter(post.values, "", 1, {})
    read = Fields(post.key, front_matter, field_defaults(post.key, config))
    terms = {"categories": jekyll.categories(read, config), "tags": jekyll.tags(read, config)}
    # Jekyll's own values are above the fields; only the title and the slug are the fields' own.
    return {**known, **fields, **terms, **{key: known[key] for key in _OWN}}


_OWN = ("url", "date", "id", "path", "relative_path", "collection")


def _site(config: Config, state: State) -> PartlyKnown:
    """https://jekyllrb.com/docs/variables/#site-variables, and the values of ``_config.yml``."""
    site, parts = config.site, urlsplit(config.site.url)
    values: dict[str, Any] = {
        "title": site.title,
        "name": site.title,
        "url": f"{parts.scheme}://{parts.netloc}",
        "baseurl": parts.path.rstrip("/"),
        "description": site.description,
        "lang": site.language,
        "timezone": site.timezone,
        "github": PartlyKnown("site.github", {"url": site.url.rstrip("/")}, state),
        "data": PartlyKnown("site.data", {}, state),
    }
    if site.author:
        values["author"] = {"name": site.author.name, "email": site.author.email}
    if config.content.data:
        values["data"] = DataFiles(config.data, state.report)
    return PartlyKnown("site", {**values, **config.content.site}, state)


def _eleventy_values(
    post: Post, config: Config, fields: dict[str, Any], state: State
) -> Mapping[str, Any]:
    """The front matter at the top; `page`, and the files of the data folder by their names."""
    url = urlsplit(post.page).path
    base = urlsplit(config.site.url).path.rstrip("/")
    page = {
        "url": url.removeprefix(base) or "/",
        "date": post.published,
        "fileSlug": re.sub(r"^\d{4}-\d\d-\d\d-", "", stem(post.key)),
        "inputPath": f"./{config.posts.folder}/{post.key}".replace("/./", "/"),
        "lang": post.language or config.site.language,
    }
    tags = [term.name for term in post.terms if term.taxonomy == "tag"]
    known = {
        "title": post.title,
        "tags": tags,
        **_global_data(config, state),
        **config.content.site,
    }
    return PartlyKnown(
        "",
        {
            **known,
            **fields,
            "page": PartlyKnown("page", page, state),
            STATE: state,
            CONFIG: config,
            POST: post,
        },
        state,
    )


def _global_data(config: Config, state: State) -> dict[str, Any]:
    """The files of Eleventy's data folder, by their names."""
    files = DataFiles(config.data, state.report)
    firsts = {path.split("/")[0] for path in config.data}
    names = {first.rpartition(".")[0] or first for first in firsts}
    values: dict[str, Any] = {}
    for name in sorted(names):
        with suppress(KeyError):
            values[name] = files[name]
    return values
