"""What the marks of templates become: Hugo's and Zola's shortcodes, and tags that resemble them.

Of a shortcode that nobody knows, an address becomes an image or a link, and the text between its
start and its end stays.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

from feeds.reading.content.templates import values
from feeds.reading.content.templates.known_shortcodes import (
    HEAD,
    KNOWN,
    Call,
    address,
    parse_call,
    typed_arguments,
)
from feeds.reading.content.templates.marks import Mark

_CALL = re.compile(r"\s*[\w:]+\s*\(")
_NO_TEMPLATES: Mapping[str, str] = MappingProxyType({})
_NO_PARAMS: Mapping[str, object] = MappingProxyType({})


class Shortcodes:
    """Fills the marks of one post, and counts what shows nothing."""

    def __init__(
        self,
        page: str,
        site: str,
        more: str,
        own: Mapping[str, str] = _NO_TEMPLATES,
        params: Mapping[str, object] = _NO_PARAMS,
    ) -> None:
        """`page` and `site` are the addresses of the post's page and of the site.

        `more` takes the place of the mark that ends the summary. `own` are the templates of the
        site's own shortcodes, by name. `params` are the values that ``{{< param name >}}`` shows.
        """
        self.page, self.site, self.more, self.own, self.params = page, site, more, own, params
        self.unknown: Counter[str] = Counter()
        """How often each mark shows nothing, by its name."""

    def name(self, mark: Mark) -> str:
        """The name of what a mark starts; ``""`` if it has no end."""
        if mark.kind == "component":
            return "" if mark.text.endswith("/>") else parse_call(mark.inner).name
        head = HEAD.match(mark.inner)
        return (head["name"] or "").lower() if head else ""

    def is_end(self, mark: Mark) -> str:
        """The name of what a mark ends; ``""`` if it is not an end."""
        if mark.kind == "component":
            return mark.inner[1:].strip().lower() if mark.inner.startswith("/") else ""
        head = HEAD.match(mark.inner)
        return (head["name"] or "end").lower() if head and head["end"] else ""

    def text(self, mark: Mark) -> str | None:
        """The text of a mark, for an address or for code; None if nobody knows it."""
        if mark.kind in ("escaped", "verbatim"):
            return mark.inner or mark.text
        if self.own and (template := self.own.get(parse_call(mark.inner).name)):
            call = parse_call(mark.inner)
            return html.unescape(self._rendered(template, call, "", self._typed(mark)).strip())
        if mark.kind == "shortcode" and (call := parse_call(mark.inner)).name == "param":
            return self._param(call) or None
        if mark.kind == "value" and not _CALL.match(mark.inner):
            value = values.value(mark.inner, self.page, self.site)
        elif mark.kind == "tag":
            value = values.tag(mark.inner)
        elif mark.kind in ("shortcode", "value"):
            value = values.shortcode(mark.inner)
        else:
            return ""
        if not value and mark.kind != "value":
            self.unknown[_label(mark, self.name(mark))] += 1
            return None
        return value

    def html(self, mark: Mark, inner: str) -> str:
        """The HTML of a mark; `inner` is the HTML between its start and its end."""
        if mark.kind in ("escaped", "verbatim"):
            return html.escape(mark.inner or mark.text, quote=False)
        if mark.kind == "code":
            language = f' class="language-{html.escape(mark.language)}"' if mark.language else ""
            return f"<pre><code{language}>{html.escape(mark.inner, quote=False)}</code></pre>"
        if mark.kind == "formula" and "\n" not in mark.text:
            return html.escape(mark.text, quote=False)
        if mark.kind == "formula":
            return f"<p>{html.escape(mark.text.strip(), quote=False)}</p>"
        if mark.kind == "more":
            return self.more
        if mark.kind == "directive":
            return html.escape(mark.text, quote=False)
        if mark.kind in ("hidden", "raw"):
            return inner
        if mark.kind == "value" and not _CALL.match(mark.inner):
            value = values.value(mark.inner, self.page, self.site)
            if not value:
                self.unknown[f"{{{{{values.name(mark.inner)}}}}}"] += 1
            return html.escape(value, quote=False) + inner
        return self._call(mark, inner)

    def _call(self, mark: Mark, inner: str) -> str:
        call = parse_call(mark.inner)
        if self.is_end(mark):
            return inner
        if template := self.own.get(call.name):
            return self._rendered(template, call, inner, self._typed(mark))
        if call.name == "param" and mark.kind == "shortcode":
            return html.escape(self._param(call), quote=False)
        if (mark.kind, call.name) in _REFERENCES:
            read = values.tag if mark.kind == "tag" else values.shortcode
            return html.escape(read(mark.inner)) + inner
        if call.name in (_SILENT_TAGS if mark.kind == "tag" else _SILENT_SHORTCODES):
            return inner
        make = KNOWN.get(call.name)
        made = make(call, inner) if make else address(call)
        if make and made.strip():
            return made
        if not made and not inner.strip():
            self.unknown[_label(mark, call.name)] += 1
        return made + inner

    def _param(self, call: Call) -> str:
        """What ``{{< param name >}}`` shows (https://gohugo.io/shortcodes/param/)."""
        name = call.get(0)
        shown = values.param(name, self.params)
        if not shown:
            self.unknown[f"the parameter {name}"] += 1
        return shown

    def _typed(self, mark: Mark) -> dict[str, object]:
        """The arguments of a shortcode of Zola, with their types; else nothing."""
        return typed_arguments(mark.inner) if _CALL.match(mark.inner) else {}

    def _rendered(self, template: str, call: Call, inner: str, arguments: dict[str, object]) -> str:
        """The HTML of one of the site's own shortcodes; `arguments` are typed, if there are any."""
        from feeds.reading.content.templates.own import render  # few sites have some

        made = render(template, arguments or call.named, call.positional, inner)
        if made.problem:
            self.unknown[f"the shortcode {call.name} ({made.problem})"] += 1
        return made.html


def _label(mark: Mark, name: str) -> str:
    """What a message calls a mark."""
    return f"the tag {name}" if mark.kind == "tag" else f"the shortcode {name}"


_SILENT_WORDS = """
assign block break capture case comment continue cycle decrement elif else elseif elsif extends for
if ifchanged import increment layout link liquid macro metadata more nocomment otherwise paginate
post_url readmore section set tablerow toc unless when with
"""
_SILENT_TAGS = frozenset(_SILENT_WORDS.split())
"""The tags that control others, that show nothing in a post, or that are addresses of pages."""
_REFERENCES = frozenset(
    {("tag", "link"), ("tag", "post_url"), ("shortcode", "ref"), ("shortcode", "relref")}
)
"""The marks whose text is the address of a page, by their kind and their name."""
_SILENT_SHORTCODES = frozenset({"comment", "more", "readmore", "toc"})
"""The same of shortcodes."""
