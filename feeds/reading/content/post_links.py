"""Links to the files of other posts -> links to their pages: ``[first](../01-first.md#why)``.

Such a link is relative to the post's file, or starts at the root of the site or of its content:
``/blog/first.md``, Zola's ``@/blog/first.md``, Pelican's ``{filename}first.md``. Tags of templates
(Jekyll's ``{% link %}`` and ``{% post_url %}``, Hugo's ``ref``) become marked references first.

Pure: the caller knows the pages. A link to a post that it does not know keeps its text only.
"""

from __future__ import annotations

import html
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Protocol
from urllib.parse import quote, unquote, urljoin

from feeds.config import Config
from feeds.reading.selection import is_post

_MARK = "x-post/"
_ENDINGS = (".md", ".markdown", ".html")
"""The endings that the file of a post may have if a reference leaves it out."""
_MOST = 50
"""How many files a post may link to; the links to others keep their text only."""
_MAX_KEY_BYTES = 1024
_FILE = re.compile(r"[^:?#]*\.(?:md|mdx|markdown)(?=[?#]|$)", re.IGNORECASE)
_PELICAN = re.compile(r"[{|](?P<kind>filename|static|attach|index|author|category|tag)[}|]")


def marked(kind: str, reference: str) -> str:
    """An address that stands for what a template's tag refers to; `kind` is the tag's name."""
    return f"{_MARK}{kind}/{quote(reference.strip(), safe='')}"


def joined_to_marks(text: str) -> str:
    """The text without what a template puts before a reference: ``{{ site.baseurl }}``."""
    *parts, last = _JOINED.split(text)
    return "".join(f"{_without_address(part)}{_MARK}" for part in parts) + last


def _without_address(text: str) -> str:
    """A text without an address, or the start of one, at its end."""
    start = max(map(text.rfind, _BEFORE_ADDRESS)) + 1
    return text[:start] if text[start:].startswith(("/", "http://", "https://")) else text


_JOINED = re.compile(_MARK + r"(?!value/)")
_BEFORE_ADDRESS = " \t\n()<>[]\"'"
_BARE = re.compile(_MARK + r"(?:(?:link|post_url|ref)/[\w.~%-]*|value/(?P<value>[\w.~%-]*)/)")


def may_link(body: str) -> bool:
    """Return whether a body may have a link to the file of a post."""
    return any(sign in body for sign in _SIGNS) or bool(_TAG.search(body))


_SIGNS = (".md", ".MD", ".markdown", _MARK, "{filename}", "|filename|")
_TAG = re.compile(r"[{<%-]\s*+(?:link|post_url|(?:rel)?ref)\s")


class Linking(Protocol):
    """A post that has links."""

    @property
    def key(self) -> str: ...  # noqa: D102
    @property
    def page(self) -> str: ...  # noqa: D102


class PostLinks:
    """The links of one post to the files of others."""

    def __init__(self, post: Linking, config: Config, pages: Mapping[str, str]) -> None:
        """`pages` are the addresses of posts by key; ``""`` for a key that has no page."""
        self.key, self.page, self.config, self.pages = post.key, post.page, config, pages
        self.unknown: dict[str, None] = {}
        """The keys that links may mean and that `pages` does not have."""

    def resolved(self, address: str) -> str | None:
        """An address, where it names the file of a post that post's page; None: nobody knows it."""
        if address.startswith("#"):  # the base of a post that is a folder is not its page
            return self.page + address
        if f"{_MARK}value/" in address:
            return None
        if address.startswith(_MARK):
            kind, _, reference = address.removeprefix(_MARK).partition("/")
            return self._page(kind, unquote(reference))
        if pelican := _PELICAN.match(address := _with_braces(address)):
            return self._page(pelican["kind"], unquote(address[pelican.end() :]))
        if address.startswith("@/") and _FILE.match(address):
            return self._page("content", unquote(address[2:]))
        if _FILE.match(address) and not address.startswith("//"):
            return self._page("file", unquote(address))
        return address

    def in_text(self, made: str) -> str:
        """HTML in which references that are not in a link are addresses.

        One that nobody knows leaves; a value of a template that nobody knows is named, as the
        template names it.
        """
        return _BARE.sub(self._shown, made) if _MARK in made else made

    def _shown(self, mark: re.Match[str]) -> str:
        if name := unquote(mark["value"] or ""):
            return html.escape(f"{{{{ {name} }}}}")
        return html.escape(self.resolved(mark[0]) or "")

    def _page(self, kind: str, reference: str) -> str | None:
        path, rest = _split(reference)
        if kind == "static":
            return urljoin(self.config.site.url, quote(path.lstrip("/"))) + rest
        if kind == "attach":
            return quote(posixpath.basename(path)) + rest
        if kind in ("author", "category", "tag", "index"):
            return None
        if kind == "link" and not path.endswith(_ENDINGS):  # Jekyll links to any file so
            return urljoin(self.config.site.url, quote(path.lstrip("/"))) + rest
        if kind in ("ref", "relref") and not path:  # a part of this page
            return self.page + rest if rest else None
        for key in self._keys(kind, path):
            if key == self.key:
                return self.page + rest
            if page := self.pages.get(key, ""):
                return page + rest
            if key not in self.pages and len(self.unknown) < _MOST:
                self.unknown[key] = None
        return None

    def _keys(self, kind: str, path: str) -> Iterator[str]:
        """The keys that the path of a reference may mean, the most likely first."""
        folder = posixpath.dirname(self.key)
        paths = [path]
        if kind == "post_url" and "_posts/" in f"{self.config.posts.folder}/{self.key}":
            above, name = posixpath.split(path)
            paths = [f"_posts/{path}", *([f"{above}/_posts/{name}"] if above else [])]
        if not path.endswith((*_ENDINGS, ".mdx")):
            endings = (*_ENDINGS, "/index.md") if kind != "post_url" else _ENDINGS
            paths = [path + ending for path in paths for ending in endings]
        is_below_root = kind in ("content", "link", "post_url") or path.startswith("/")
        seen: dict[str, None] = {}
        for name in paths:
            if not is_below_root:
                seen[posixpath.normpath(posixpath.join(folder, name))] = None
            if is_below_root or kind in ("ref", "relref"):
                for key in self._below_root(name.lstrip("/")):
                    seen[key] = None
        for key in seen:
            if _is_possible(key) and is_post(key, self.config):
                yield key

    def _below_root(self, path: str) -> Iterator[str]:
        """The keys that a path may have: with and without the steps of `posts.folder`."""
        steps = [step for step in self.config.posts.folder.split("/") if step not in ("", ".")]
        for start in range(len(steps)):
            folder = "/".join(steps[start:]) + "/"
            if path.startswith(folder):
                yield posixpath.normpath(path.removeprefix(folder))
        yield posixpath.normpath(path)


def _is_possible(key: str) -> bool:
    """Return whether a store can have an object at this key: S3 allows 1,024 bytes."""
    is_inside = not key.startswith("../")
    return is_inside and key.isprintable() and len(key.encode()) <= _MAX_KEY_BYTES


def _with_braces(address: str) -> str:
    """An address whose first braces or bars are not percent-encoded, as Pelican reads them."""
    return re.sub(r"^%(?:7B|7C)(\w+)%(?:7D|7C)", r"{\1}", address, flags=re.IGNORECASE)


def _split(reference: str) -> tuple[str, str]:
    """The path of a reference, and its query and fragment."""
    at = next((at for at, char in enumerate(reference) if char in "?#"), len(reference))
    return reference[:at], reference[at:]
