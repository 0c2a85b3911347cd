"""The values of templates' tags that lead somewhere: base paths, and links to other posts.

Jekyll has `site.baseurl`, `relative_url` and ``{% link %}`` (https://jekyllrb.com/docs/liquid/),
Eleventy `url` (https://www.11ty.dev/docs/filters/url/), Hugo `ref`
(https://gohugo.io/shortcodes/ref/). Every other value is empty, but for a text in quotes, which is
itself.
"""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from feeds.reading.content.post_links import marked

_PARTS = re.compile(r"(?:'[^']*'|\"[^\"]*\"|[^|'\"])+")
_TEXT = re.compile(r"'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\"")
_REF = re.compile(r"""/?\s*(?P<kind>rel)?ref\s+(?:path=)?["'`]?(?P<reference>[^"'`\s>%]+)""")


def value(expression: str, page: str, site: str) -> str:
    """The value of ``{{ expression }}`` on the page at `page` of the site at `site`."""
    head, *filters = _PARTS.findall(expression.strip().removesuffix("-")) or [""]
    result = _operand(head, page, site)
    for written in filters:
        name, _, argument = written.strip().partition(":")
        result = _filtered(result, name.strip(), _operand(argument, page, site), site)
    return result


def tag(text: str) -> str:
    """The value of ``{% text %}``: an address that stands for a post, or nothing."""
    name, *rest = text.strip("-% \t\n").split(maxsplit=1)
    reference = "".join(rest).strip("'\" ")
    return marked(name, reference) if name in ("link", "post_url") and reference else ""


def shortcode(text: str) -> str:
    """The value of Hugo's ``{{< text >}}``: an address that stands for a page, or nothing."""
    found = _REF.match(text.strip())
    return marked("ref", found["reference"]) if found else ""


def _operand(text: str, page: str, site: str) -> str:
    """A text in quotes, or a variable that has an address."""
    name = text.strip()
    if literal := _TEXT.fullmatch(name):
        return literal["single"] or literal["double"] or ""
    if name == "site.baseurl":
        return _base_path(site)
    if name in ("site.url", "site.github.url"):
        return site.rstrip("/") if name == "site.github.url" else _host(site)
    return urlsplit(page).path if name == "page.url" else ""


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
