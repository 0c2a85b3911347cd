"""The layout of a site's documents: the path and the format of a feed -> a key, and back.

The path of a feed is ``""`` (all posts) or ``<taxonomy>/<slug>``; state has feeds by it, whatever
the layout is. Keys are relative to the public root. Text of a post gets into a key only through
`Layout.slug`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from itertools import permutations
from typing import NamedTuple

from feeds import paths
from feeds.formats import FORMATS, SITE_FILES, FileType, Format
from feeds.layout.patterns import PAGE, SLUG, expression, match, may_collide, may_contain
from feeds.taxonomies import TAXONOMIES

ALL = "all"
"""The name of the feed of all posts in `addresses.feeds`."""


class DocumentPattern(NamedTuple):
    """The keys of one kind of documents."""

    taxonomy: str
    """The taxonomy of the feeds; ``""`` for the feed of all posts."""
    format: Format
    """The format of the documents."""
    is_archive: bool
    """Whether they are archive pages."""
    key: str
    """The pattern of the keys (patterns.py)."""


class Layout:
    """Where the documents of a site are."""

    def __init__(
        self,
        feeds: Mapping[str, str],
        files: Mapping[str, str],
        *,
        main_format: str = "",
        first: Iterable[str] = (),
        plain_slugs: bool = False,
        slugs: Mapping[str, str] | None = None,
    ) -> None:
        """`feeds` and `files` are those of ``[addresses]``; what they do not name is as usual.

        `main_format` is the format of the file in a pattern such as ``tag/:slug.xml``. Of two
        taxonomies that a key may be of, it is of the one in `first`.
        """
        self._places = {"": feeds.get(ALL, "")}
        for name in dict.fromkeys((*first, *TAXONOMIES)):
            self._places[name] = feeds.get(name, f"{name}/{SLUG}/")
        self._files = {name: files.get(name, row.file) for name, row in FORMATS.items()}
        self._main = main_format or next(iter(FORMATS))
        self._plain = plain_slugs
        self._own_slugs = {paths.identity(name): slug for name, slug in (slugs or {}).items()}
        self._slugs: dict[tuple[str, str], str] = {}
        self._reserved: dict[str, frozenset[str]] = {}
        self.patterns = tuple(self._all_patterns())
        self._expressions = tuple(expression(row.key) for row in self.patterns)
        self._fixed = (*(row.key for row in self.patterns if not row.taxonomy), *SITE_FILES)

    @cached_property
    def is_usual(self) -> bool:
        """Whether all documents are where a site that chooses nothing has them."""
        return self.patterns == usual_layout().patterns

    # --- keys ------------------------------------------------------------------------------------

    def document(self, path: str, format_: Format) -> str:
        """The key of a feed's document in a format: ``category/x/atom.xml``."""
        taxonomy, _, slug = path.partition("/")
        return self._document(taxonomy, format_).replace(SLUG, slug)

    def archive_document(self, path: str, page: str, format_: Format) -> str:
        """The key of an archive page in one format: ``category/x/archive/<page>.xml``."""
        return f"{self.archive_folder(path)}{page}{format_.archive_ending}"

    def archive_folder(self, path: str) -> str:
        """The folder of a feed's archive pages: ``category/x/archive/``."""
        taxonomy, _, slug = path.partition("/")
        return self._archive_folder(taxonomy).replace(SLUG, slug)

    def page(self, path: str) -> str:
        """What the address of a feed's page ends in: its folder, or the key of the page."""
        taxonomy, _, slug = path.partition("/")
        place = self._places[taxonomy]
        if _is_folder(place):
            return place.replace(SLUG, slug)
        return self.document(path, FORMATS["html"])

    def _document(self, taxonomy: str, format_: Format) -> str:
        place = self._places[taxonomy]
        if _is_folder(place):
            return place + self._files[format_.name]
        if format_.name == self._main:
            return place
        return self._without_ending(place) + _ending(format_)

    def _archive_folder(self, taxonomy: str) -> str:
        place = self._places[taxonomy]
        return f"{place if _is_folder(place) else self._without_ending(place) + '/'}archive/"

    def _without_ending(self, place: str) -> str:
        """A pattern of files without the ending: that with the name of the format, if it has it."""
        ending = _ending(FORMATS[self._main])
        return place.removesuffix(ending) if place.endswith(ending) else place.rpartition(".")[0]

    def _all_patterns(self) -> Iterator[DocumentPattern]:
        for taxonomy in self._places:
            for format_ in FORMATS.values():
                yield DocumentPattern(taxonomy, format_, False, self._document(taxonomy, format_))
                if ending := format_.archive_ending:
                    key = f"{self._archive_folder(taxonomy)}{PAGE}{ending}"
                    yield DocumentPattern(taxonomy, format_, True, key)

    # --- and back --------------------------------------------------------------------------------

    def feed_of_document(self, key: str) -> str | None:
        """The path of the feed that a key belongs to; None if to no feed."""
        parsed = self._parse(key)
        return parsed[0] if parsed else None

    def file_type(self, key: str) -> FileType | None:
        """The file type of a key; None if the key is not that of a document."""
        parsed = self._parse(key)
        return parsed[1] if parsed else SITE_FILES.get(key)

    def is_document(self, key: str) -> bool:
        """Return whether a key has the name of a document."""
        return self.file_type(key) is not None

    def _parse(self, key: str) -> tuple[str, Format] | None:
        """The feed's path and the format of a key; None if it is not a feed's."""
        found = match(self._expressions, key)
        if not found or not found.lastgroup:
            return None
        pattern = self.patterns[int(found.lastgroup[1:])]
        slug = found[found.re.groupindex[found.lastgroup] + 1]
        return f"{pattern.taxonomy}/{slug}" if pattern.taxonomy else "", pattern.format

    # --- slugs -----------------------------------------------------------------------------------

    def slug(self, taxonomy: str, name: str) -> str:
        """The name of a term in keys: its own in ``addresses.slugs``, or `paths.slug`.

        Plain slugs have no hash, so that terms can share one. If a document of all posts has the
        key that a slug would give, the slug gets a hash.
        """
        if (made := self._slugs.get((taxonomy, name))) is None:
            made = self._slugs[taxonomy, name] = self._new_slug(taxonomy, name)
            if len(self._slugs) > _MOST_SLUGS:
                self._slugs.clear()
        return made

    def _new_slug(self, taxonomy: str, name: str) -> str:
        if own := self._own_slugs.get(paths.identity(name)):
            return own
        slug = paths.plain_slug(name) if self._plain else paths.slug(name)
        if not slug or self.is_reserved(taxonomy, slug):
            return paths.hashed_slug(name)
        return slug

    def is_reserved(self, taxonomy: str, slug: str) -> bool:
        """Return whether a slug would give keys that other documents have."""
        if taxonomy not in self._reserved:
            rows = zip(self.patterns, self._expressions, strict=True)
            own = [part for row, part in rows if row.taxonomy == taxonomy]
            found = (match((part,), key) for part in own for key in self._fixed)
            self._reserved[taxonomy] = paths.RESERVED | {row[2] for row in found if row}
        return slug in self._reserved[taxonomy]

    def term_path(self, taxonomy: str, name: str) -> str:
        """The path of the feed of one term."""
        return f"{taxonomy}/{self.slug(taxonomy, name)}"


_MOST_SLUGS = 4096


def _is_folder(place: str) -> bool:
    return not place or place.endswith("/")


def _ending(format_: Format) -> str:
    """The ending of a file beside one of another format: ``.rss.xml``, ``.json``, ``.html``."""
    ending = f".{format_.file.rpartition('.')[2]}"
    return f".{format_.name}{ending}" if ending == ".xml" else ending


@lru_cache(maxsize=8)
def _usual(_formats: tuple[str, ...], _taxonomies: tuple[str, ...]) -> Layout:
    return Layout({}, {})


def usual_layout() -> Layout:
    """The layout of a site that does not choose its own."""
    return _usual(tuple(FORMATS), tuple(TAXONOMIES))


def collisions(layout: Layout, taxonomies: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Each two kinds of documents that may be in each other's way: their names in ``[addresses]``,
    and the pattern of a key.

    Two may have one key, or one may be in the archive of the other, where the audit deletes what it
    does not know. Looks at the feed of all posts, and at those of `taxonomies`. A slug that a
    document of all posts needs is no collision: no other feed gets it.
    """
    shown = ("", *taxonomies)
    rows = [row for row in layout.patterns if row.taxonomy in shown]
    for row, other in permutations(rows, 2):
        if row.taxonomy == other.taxonomy:
            if row.key == other.key:
                yield f"files.{row.format.name}", f"files.{other.format.name}", row.key
            continue
        names = f"feeds.{row.taxonomy or ALL}", f"feeds.{other.taxonomy or ALL}"
        owners = [name for name in (row.taxonomy, other.taxonomy) if name]

        def is_reserved(slug: str, owners: Iterable[str] = tuple(owners)) -> bool:
            return bool(slug) and any(layout.is_reserved(owner, slug) for owner in owners)

        folder = row.key.rpartition("/")[0]
        if may_collide(row.key, other.key, is_reserved):
            yield (*names, row.key)
        elif row.is_archive and may_contain(folder, other.key, is_reserved):
            yield (*names, other.key)
    for row in rows:
        if row.key in SITE_FILES:
            yield f"files.{row.format.name}", "the list of all feeds", row.key
