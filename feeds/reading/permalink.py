"""The permalink: a post's fields, date and key -> the address of its own page on the site."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import quote

from feeds.config import Config
from feeds.reading.field_lookup import Fields
from feeds.reading.generators.base import GeneratorRules
from feeds.urls import MAX_URL_LENGTH


def page_url(fields: Fields, published: datetime, rules: GeneratorRules, config: Config) -> str:
    """The address of the post's own page. Reports one that is too long."""
    path = rules.page_path(fields, published.astimezone(config.zone), config)
    url = _url_on_site(config.site.url, path)
    if len(url) > MAX_URL_LENGTH:
        what = "the address of the post's page is too long"
        fields.report("permalink", what, "shorten its permalink, slug or file name")
    return url


def _url_on_site(site: str, path: str) -> str:
    """The address of a path below the site's address, percent-encoded; it cannot leave the site."""
    steps = [step for step in path.split("/") if step not in (".", "..")]
    encoded = quote("/".join(steps), safe="/~!$&'()*+,;=:@%-._", errors="replace")
    return site + re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", encoded).lstrip("/")
