"""Reads the files of a site for `feeds init`: a folder -> its posts and their fields.

The number and the size of the files are limited. A file that cannot be read counts as missing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec import Struct

from feeds import paths
from feeds.config import Config, Limits, Posts, Site
from feeds.errors import PostError
from feeds.generators.liquid_names import liquid_names
from feeds.reading.dates import date_in_file_name
from feeds.reading.field_lookup import Fields
from feeds.reading.front_matter.formats import Value
from feeds.reading.front_matter.parse import FrontMatter, parse_front_matter
from feeds.reading.selection import is_post
from feeds.reading.source_link import find_source_link
from feeds.text import one_line

BUILT_FOLDERS = ("_site", "public", "output", "dist", "build")
"""The folders that generators write a site to."""

USUAL_ENDINGS = (".md", ".markdown", ".html", ".htm")
"""The endings of files that may be posts or pages."""
MDX_ENDINGS = (".md", ".mdx")
"""Those of generators that read MDX, which is Markdown with parts of JavaScript."""
ALL_ENDINGS = (*USUAL_ENDINGS, ".mdx")
"""The endings of files that may be posts for one of the generators."""

_MAX_POSTS = 10_000
_MAX_FILES = 200_000
_MAX_BYTES = 1_000_000
_NEVER = frozenset({"node_modules", "vendor", *BUILT_FOLDERS})
_POSTS = Config(Site("", ""), posts=Posts(exclude=()))


class SitePost(Struct, frozen=True):
    """A file that may be a post."""

    path: str
    """Its path in the site."""
    metadata: Mapping[str, Value]
    """Its fields."""
    ends_in_link: bool
    """Whether its text ends with the link to a source article."""

    liquid: tuple[str, ...] = ()
    """The names in its Liquid (liquid_names.py)."""
    may_have_shortcodes: bool = False
    """Whether its text has braces as shortcodes have them."""

    @property
    def fields(self) -> Fields:
        """The fields, by name."""
        return Fields(self.path, FrontMatter(dict(self.metadata), "", 1, {}))

    @property
    def has_date(self) -> bool:
        """Whether the post has a date in a field or in its name, which may be that of a folder."""
        folder, _, name = self.path.rpartition("/")
        named = folder if name.startswith("index.") else name
        return bool(self.fields.first(Posts().date_keys)[1]) or has_dated_name(named)


def has_dated_name(path: str) -> bool:
    """Return whether the name of a file starts with a day."""
    try:
        return date_in_file_name(path.rpartition("/")[2], _POSTS.zone) is not None
    except ValueError:
        return False


class SiteFolder:
    """A site's folder. Paths are relative to it, and have ``/`` between their steps."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._posts: dict[str, SitePost | None] = {}
        self._files: dict[tuple[str, tuple[str, ...]], list[str]] = {}

    def has_folder(self, path: str) -> bool:
        """Return whether the site has this folder, and feeds.toml can name it."""
        return _is_plain(path) and (self.root / path).is_dir()

    def names(self, folder: str) -> list[str]:
        """The names of the files in a folder, sorted; not those in folders below it."""
        try:
            return sorted(entry.name for entry in os.scandir(self.root / folder) if entry.is_file())
        except OSError:
            return []

    def folders(self, folder: str) -> list[str]:
        """The names of the folders in a folder, sorted."""
        try:
            return sorted(entry.name for entry in os.scandir(self.root / folder) if entry.is_dir())
        except OSError:
            return []

    def read(self, path: str, limit: int = _MAX_BYTES) -> str | None:
        """The text of a file; None if there is none, or if it is too large.

        Raises OSError, and ValueError if the file is not UTF-8.
        """
        file = self.root / path
        if not file.is_file() or file.stat().st_size > limit:
            return None
        return file.read_text(encoding="utf-8-sig")

    def data(self, path: str, limit: int) -> bytes | None:
        """The bytes of a file, at most one more than `limit`; None if it cannot be read."""
        file = self.root / path
        try:
            if file.is_symlink() or not file.is_file():
                return None
            with file.open("rb") as opened:
                return opened.read(limit + 1)
        except OSError:
            return None

    def files(self, folder: str = "", endings: tuple[str, ...] = USUAL_ENDINGS) -> list[str]:
        """The files in a folder that may be posts or pages by their endings, sorted.

        Hidden folders, packages of other programs, the built site, and folders that feeds.toml
        cannot name are skipped.
        """
        if (folder, endings) not in self._files:
            self._files[folder, endings] = sorted(self._walk(folder, endings))
        return self._files[folder, endings]

    def _walk(self, folder: str, endings: tuple[str, ...]) -> list[str]:
        found: list[str] = []
        for parent, folders, names in os.walk(self.root / folder):
            folders[:] = [
                name
                for name in folders
                if name[0] != "." and name not in _NEVER and _is_plain(name)
            ]
            where = Path(parent).relative_to(self.root).as_posix()
            prefix = "" if where == "." else f"{where}/"
            found += [prefix + name for name in names if name.lower().endswith(endings)]
            if len(found) > _MAX_FILES:
                break
        return found

    def posts(self, folder: str) -> list[SitePost]:
        """The posts in a folder that can be read, at most 10,000 of all folders."""
        return self.read_posts(path for path in self.files(folder) if is_post(path, _POSTS))

    def read_posts(self, files: Iterable[str]) -> list[SitePost]:
        """The posts in these files that can be read."""
        files = list(files)
        for path in files:
            if path not in self._posts and len(self._posts) < _MAX_POSTS:
                self._posts[path] = self._read_post(path)
        return [post for path in files if (post := self._posts.get(path))]

    def _read_post(self, path: str) -> SitePost | None:
        data = self.data(path, _MAX_BYTES)
        if data is None or len(data) > _MAX_BYTES:
            return None
        try:
            front = parse_front_matter(path, data, Limits().front_matter_bytes)
        except PostError:
            return None
        body = front.body
        link = find_source_link(body)
        has_braces = "{{" in body or "{%" in body
        return SitePost(
            path, front.metadata, bool(link and link.url), liquid_names(body), has_braces
        )

    def page(self, path: str) -> Mapping[str, Value]:
        """The fields of a page that is not a post; empty if it has none."""
        post = self._read_post(path)
        return post.metadata if post else {}


def _is_plain(folder: str) -> bool:
    """Return whether the name of a folder can be in feeds.toml as it is."""
    return one_line(folder) == folder and not {":", "\\"}.intersection(folder)


def mostly_dated(posts: list[SitePost]) -> bool:
    """Return whether at least half of the posts have a date, and there is one."""
    return bool(posts) and 2 * sum(post.has_date for post in posts) >= len(posts)


def dated_folders(
    site: SiteFolder, root: str, endings: tuple[str, ...], skipped: Iterable[str] = ()
) -> dict[str, list[SitePost]]:
    """The outermost folders below `root` whose files mostly have a date, with their posts.

    `root` itself only if no folder has posts. Folders that are called as in `skipped` are not
    looked at.
    """
    start = len(root) + 1 if root else 0
    below: dict[str, list[str]] = {}
    for path in site.files(root, endings):
        steps = path[start:].split("/")[:-1]
        if not set(skipped).intersection(steps):
            for depth in range(len(steps) + 1):
                below.setdefault("/".join(steps[:depth]), []).append(path)
    found: dict[str, list[SitePost]] = {}
    whole = site.read_posts(below.pop("", []))
    for folder in sorted(below, key=lambda name: (name.count("/"), name)):
        posts = site.read_posts(below[folder])
        is_inside = any(f"{folder}/".startswith(f"{outer}/") for outer in found)
        if not is_inside and mostly_dated(posts):
            found[folder] = posts
    if not found and mostly_dated(whole):
        return {root: whole}
    return {f"{root}/{name}" if root else name: posts for name, posts in found.items()}


def patterns(folders: Iterable[str], files: Iterable[str]) -> tuple[str, ...]:
    """Patterns for the posts in these folders: one for each ending that their files have."""
    files = list(files)
    found: list[str] = []
    for folder in folders:
        prefix = f"{folder}/" if folder else ""
        endings = dict.fromkeys(
            path.rpartition(".")[2] for path in files if path.startswith(prefix)
        )
        found += [f"{prefix}**/*.{ending}" for ending in sorted({"md", *endings}, key=_md_first)]
    return tuple(dict.fromkeys(found))


def _md_first(ending: str) -> tuple[bool, str]:
    return ending != "md", ending


def below(globs: Iterable[str], folder: str) -> tuple[str, ...]:
    """Patterns of the site, made relative to a folder in it; those outside are left out."""
    if folder in ("", "."):
        return tuple(globs)
    prefix = f"{folder}/"
    found: list[str] = []
    for glob in globs:
        if glob.startswith(prefix):
            found.append(glob.removeprefix(prefix))
        elif paths.matches(f"{prefix}x/x", (glob,)):
            found.append("**")
    return tuple(dict.fromkeys(found))
