"""The values of templates' tags that lead somewhere: base paths, and links to other posts.

Jekyll has `site.baseurl`, `relative_url` and ``{% link %}`` (https://jekyllrb.com/docs/liquid/),
Eleventy `url` (https://www.11ty.dev/docs/filters/url/), Hugo `ref`
(https://gohugo.io/shortcodes/ref/). Every other value is empty, but for a text in quotes, which is
itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

from feeds.config import Config
from feeds.reading.content.post_links import marked
from feeds.reading.liquid.state import has_liquid

_PARTS = re.compile(r"(?:'[^']*'|\"[^\"]*\"|[^|'\"])+")
_TEXT = re.compile(r"'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\"")
_REF = re.compile(r"""/?\s*(?P<kind>rel)?ref\s+(?:path=)?["'`]?(?P<reference>[^"'`\s>%]+)""")


def may_show_fields(body: str, config: Config) -> bool:
    """Return whether a body may show fields of its front matter: by Liquid, or Hugo's `param`."""
    return has_liquid(body, config) or ("param" in body and "{{" in body)


def value(expression: str, page: str, site: str) -> str:
    """The value of ``{{ expression }}`` on the page at `page` of the site at `site`."""
    head, *filters = _PARTS.findall(expression.strip().removesuffix("-")) or [""]
    result = _operand(head, page, site)
    for written in filters:
        filter_, _, argument = written.strip().partition(":")
        result = _filtered(result, filter_.strip(), _operand(argument, page, site), site)
    return result


def name(expression: str) -> str:
    """The name of a value, for a message: ``page.author`` of ``{{ page.author | escape }}``."""
    return "".join(expression.partition("|")[0].strip("- \t\n").split())[:100]


def tag(text: str) -> str:
    """The value of ``{% text %}``: an address that stands for a post, or nothing."""
    kind, *rest = text.strip("-% \t\n").split(maxsplit=1) or [""]
    reference = "".join(rest).strip("'\" ")
    return marked(kind, reference) if kind in ("link", "post_url") and reference else ""


def shortcode(text: str) -> str:
    """The value of Hugo's ``{{< text >}}``: an address that stands for a page, or nothing."""
    found = _REF.match(text.strip())
    return marked("ref", found["reference"]) if found else ""


def param(name: str, params: Mapping[str, object]) -> str:
    """The text of a parameter, ``author.name`` of a table too; letter case does not matter."""
    found: object = params
    for part in name.lower().split("."):
        table = found if isinstance(found, Mapping) else {}
        found = next((table[key] for key in table if str(key).lower() == part), "")
    if isinstance(found, bool):
        return str(found).lower()
    return str(found) if isinstance(found, str | int | float) else ""


def _operand(text: str, page: str, site: str) -> str:
    """A text in quotes, or a variable that has an address."""
    variable = text.strip()
    if literal := _TEXT.fullmatch(variable):
        return literal["single"] or literal["double"] or ""
    if variable == "site.baseurl":
        return _base_path(site)
    if variable in ("site.url", "site.github.url"):
        return site.rstrip("/") if variable == "site.github.url" else _host(site)
    return urlsplit(page).path if variable == "page.url" else ""


def _filtered(text: str, name: str, argument: str, site: str) -> str:
    if name in ("relative_url", "url") and not _is_absolute(text):
        return f"{_base_path(site)}/{text.lstrip('/')}"
    if name == "absolute_url" and not _is_absolute(text):
        return urljoin(site, text.lstrip("/"))
    if name == "prepend":
        return argument + text
    if name == "append":
        return text + argument
    return text


def _is_absolute(address: str) -> bool:
    return bool(re.match(r"[a-z][a-z0-9+.-]*:|//|#", address, re.IGNORECASE))


def _base_path(site: str) -> str:
    """The path of the site, without a slash at its end: Jekyll's `baseurl`."""
    return urlsplit(site).path.rstrip("/")


def _host(site: str) -> str:
    parts = urlsplit(site)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
