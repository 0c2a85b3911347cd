"""The address of a post's own page: the path that its generator gives it, below the site's."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import quote, unquote

from feeds.config import Config
from feeds.reading.field_lookup import Fields
from feeds.reading.generators.base import generator_rules, path_of
from feeds.reading.generators.post_rules import post_rule
from feeds.urls import MAX_URL_LENGTH


def page_url(fields: Fields, published: datetime, config: Config) -> str:
    """The address of the post's own page. Reports one that is too long."""
    url = _url_on_site(
        config.site.url, generator_rules(config).page_path(fields, published, config)
    )
    if len(url) > MAX_URL_LENGTH:
        what = "the address of the post's page is too long"
        fields.report("permalink", what, "shorten its permalink, slug or file name")
    return url


def base_of(page: str, key: str, config: Config) -> str:
    """What relative links in the post at `key` are relative to.

    A post that is a folder has its images in it: for the page ``lake.html``, they are in ``lake/``.
    """
    if not path_of(key, config).is_bundle or page.endswith("/"):
        return page
    return f"{page.removesuffix('.html')}/"


def page_rule(fields: Fields, config: Config) -> str:
    """What gives the address of the post's own page: a field, or a key of feeds.toml."""
    if generator_rules(config).path_in_fields(fields):
        return "front matter"
    if post_rule(fields.key, config).permalink:
        return "posts.rules"
    return "posts.permalink"


def _url_on_site(site: str, path: str) -> str:
    """The address of a path below the site's address, percent-encoded; it cannot leave the site."""
    steps = [step for step in path.split("/") if not _is_dots(step)]
    encoded = quote("/".join(steps), safe="/~!$&'()*+,;=:@%-._", errors="replace")
    return site + re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", encoded).lstrip("/")


def _is_dots(step: str) -> bool:
    """Return whether a step of a path is ``.`` or ``..``, or holds one, also percent-encoded.

    A browser takes ``%2e%2e`` for ``..`` (WHATWG URL, 4.1); some servers also decode a slash.
    """
    parts = unquote(step).replace("\\", "/").split("/")
    return "." in parts or ".." in parts
