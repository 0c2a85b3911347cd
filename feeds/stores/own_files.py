"""Tells the files that this program made from those of others, by their names and their starts.

Each published document has the name of a document (`Layout.file_type`), and before its first entry
the mark of this program (`FileType.generator_mark`). Nothing that lacks one of the two is replaced
or deleted, and nothing that has both is read as a post.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor

from feeds import paths
from feeds.errors import ForeignFiles
from feeds.formats import XML_ENDINGS, FileType, file_types
from feeds.layout.layout import Layout, usual_layout
from feeds.stores.addresses import folder_of
from feeds.stores.base import Store
from feeds.stores.obstacles import Obstacle

START_BYTES = 20_000
"""The mark is in the first bytes of a document, within this number."""

_ENDINGS = tuple({*XML_ENDINGS, *(f".{type_.file.rpartition('.')[2]}" for type_ in file_types())})
_PARALLEL_REQUESTS = 16
_NAMED = 10
"""How many files a message names; it counts the others."""


def has_mark(type_: FileType, start: bytes) -> bool:
    """Return whether a document says, before its first entry, that this program made it.

    Its entries do not count: a feed of another program may republish entries of ours.
    """
    start = start[:START_BYTES]
    if type_.entry_mark:
        start = start.partition(type_.entry_mark.encode())[0]
    return type_.generator_mark.encode() in start


def is_own(key: str, data: bytes, layout: Layout) -> bool:
    """Return whether a file is a document of this program, wherever its public root is.

    `key` is relative to any folder above the public root, or the same.
    """
    return any(has_mark(type_, data) for type_ in _types(key, layout))


def has_document_name(key: str, layout: Layout) -> bool:
    """Return whether a file has the name of a document, wherever its public root is."""
    return bool(_types(key, layout))


def is_own_at(key: str, store: Store, layout: Layout) -> bool:
    """Read the start of a file, and return whether it is a document of this program."""
    start = store.get_start(key, START_BYTES) if _types(key, layout) else None
    return start is not None and is_own(key, start, layout)


def _types(key: str, layout: Layout) -> list[FileType]:
    """The types of documents that a file can be, whichever folder of its key the public root is."""
    if not key.endswith(_ENDINGS):
        return []
    steps = key.split("/")
    keys = ["/".join(steps[at:]) for at in range(len(steps))]
    found = (known.file_type(key) for known in known_layouts(layout) for key in keys)
    return [type_ for type_ in found if type_ is not None]


def known_layouts(layout: Layout) -> tuple[Layout, ...]:
    """A site's layout, and the usual one that the site may have had before."""
    return (layout,) if layout.is_usual else (layout, usual_layout())


def known_type(key: str, layout: Layout) -> FileType | None:
    """The type of a document by its key, in the layout of the site or in the usual one."""
    types = (known.file_type(key) for known in known_layouts(layout))
    return next(filter(None, types), None)


def split_by_maker(
    keys: Sequence[str], store: Store, layout: Layout, public: str = ""
) -> tuple[list[str], list[str]]:
    """Split the keys of documents into those that this program made, and those of others.

    The keys are relative to the public root, which is at `public` in the store. It reads only the
    starts of the objects. Missing objects, and keys that are not of documents, are in neither list.
    """

    def is_marked(key: str) -> bool | None:
        type_ = known_type(key, layout)
        start = store.get_start(public + key, START_BYTES) if type_ else None
        return None if type_ is None or start is None else has_mark(type_, start)

    if store.is_remote:
        with ThreadPoolExecutor(_PARALLEL_REQUESTS) as threads:
            marks = list(threads.map(is_marked, keys))
    else:
        marks = [is_marked(key) for key in keys]
    marked = list(zip(keys, marks, strict=True))
    return [key for key, mark in marked if mark], [key for key, mark in marked if mark is False]


def foreign_files(
    keys: Collection[str], in_the_way: Sequence[Obstacle], url: str, advice: str
) -> ForeignFiles:
    """The error for files of others at the keys of documents; `url` is the public root.

    `in_the_way` are links, folders and the like at these keys, or at those of their folders.
    """
    texts = {key: key for key in keys}
    texts |= {obstacle.key: f"{obstacle.key} ({obstacle.kind})" for obstacle in in_the_way}
    names = ", ".join(texts[key] for key in sorted(texts)[:_NAMED])
    more = len(texts) - _NAMED
    names += f" and {more:,} more" if more > 0 else ""
    one, many = ("something", "files, links or folders") if in_the_way else ("a file", "files")
    count = one if len(texts) == 1 else f"{len(texts):,} {many}"
    return ForeignFiles(
        f"{url.rstrip('/')} has {count} that this program did not make: {names}; {advice}"
    )


def own_file_filter(posts: Store, feeds: Store, layout: Layout) -> Callable[[str], bool]:
    """Return a function that says whether a key of `posts` is a file that this program made.

    It looks only below `feeds`, the store of ``public/`` and ``state/``, and only if that is inside
    `posts` or the same. Elsewhere no object is read for it.
    """
    prefix = _prefix_inside(posts, feeds)
    if prefix is None:
        return lambda _: False

    def is_own_file(key: str) -> bool:
        if not key.startswith(prefix):
            return False
        if key.startswith(prefix + paths.STATE) and key.endswith(".json"):
            return True
        return is_own_at(key, posts, layout)

    return is_own_file


def _prefix_inside(outer: Store, inner: Store) -> str | None:
    """The prefix that the keys of `inner` have in `outer`; None if `inner` is not inside it."""
    if not (outer.is_shared and inner.is_shared):
        return "" if outer is inner else None
    outer_url, inner_url = (
        (folder.resolve().as_posix() if (folder := folder_of(url)) else url).rstrip("/") + "/"
        for url in (outer.url, inner.url)
    )
    return inner_url.removeprefix(outer_url) if inner_url.startswith(outer_url) else None
