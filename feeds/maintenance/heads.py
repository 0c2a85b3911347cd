"""What the indexes need of all records, in a temporary file: sorted by feed and position.

A head is the place of a record in a feed: the position, and the entry that belongs there, or none
if an entry that is there must go. The file keeps the memory of a rebuild small.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from feeds.config import Config
from feeds.documents import pagination
from feeds.documents.pagination import SortKey
from feeds.model import Problem
from feeds.reading.identity import shared_ids
from feeds.state.objects import Record, encode

_TABLES = """
    PRAGMA journal_mode = off;
    PRAGMA synchronous = off;
    CREATE TABLE records (number INTEGER PRIMARY KEY, name TEXT, entry BLOB);
    CREATE TABLE heads (
        path TEXT, time INTEGER, id TEXT, key TEXT, is_in INTEGER, record INTEGER
    );
"""
_SORTED = "CREATE INDEX by_feed ON heads (path, time, id, key, is_in, record)"


class RecordHeads(Struct, array_like=True, gc=False):
    """The heads of one record."""

    name: str
    """The name of the record."""
    feeds: tuple[str, ...]
    """The paths of the feeds that may have an entry of it."""
    sort_keys: tuple[SortKey, ...]
    """The positions that its entries may have there."""
    entry: bytes = b""
    """Its entry now, in its stored form; empty if it has none."""
    sort_key: SortKey | None = None
    """The position of the entry."""
    entry_feeds: tuple[str, ...] = ()
    """The feeds that the entry belongs to."""


def heads_of(name: str, record: Record, config: Config, now: datetime) -> RecordHeads:
    """Return the heads of a record, as it is at a time."""
    entry = record.entry(now)
    if entry is None:
        return RecordHeads(name, record.feeds, record.sort_keys)
    return RecordHeads(
        name,
        record.feeds,
        record.sort_keys,
        encode(entry),
        pagination.sort_key(entry),
        config.feed_paths(entry.terms),
    )


class Heads:
    """The heads of all records, in a file. Use `temporary_heads` to write one."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def _open(self) -> sqlite3.Connection:
        # Each call has a connection of its own: threads and processes read the file at once.
        return sqlite3.connect(f"{self.file.as_uri()}?mode=ro", uri=True)

    def changes(self, path: str) -> Iterator[tuple[SortKey, bytes | None]]:
        """Yield each position in a feed once, in order, with its encoded entry or None."""
        rows = """
            SELECT time, id, key, is_in, entry FROM heads LEFT JOIN records
            ON is_in = 1 AND number = record
            WHERE path = ? ORDER BY time, id, key, is_in DESC, record
        """
        last: SortKey | None = None
        with closing(self._open()) as database:
            for time, id_, key, is_in, entry in database.execute(rows, (path,)):
                if (sort_key := (time, id_, key)) != last:
                    yield sort_key, entry if is_in else None
                last = sort_key

    def record_names(self, path: str) -> list[str]:
        """Return the names of the records that a feed may have an entry of."""
        rows = """
            SELECT name FROM records WHERE number IN (SELECT record FROM heads WHERE path = ?)
            ORDER BY number
        """
        with closing(self._open()) as database:
            return [name for (name,) in database.execute(rows, (path,))]

    def sizes(self) -> dict[str, int]:
        """Return the number of positions in each feed, by its path."""
        with closing(self._open()) as database:
            return dict(database.execute("SELECT path, count(*) FROM heads GROUP BY path"))

    def shared_ids(self) -> list[Problem]:
        """Return the warnings about posts that have the id of a newer one."""
        rows = """
            SELECT id, key FROM heads WHERE path = '' AND is_in = 1 AND id IN (
                SELECT id FROM heads WHERE path = '' AND is_in = 1 GROUP BY id HAVING count(*) > 1
            ) ORDER BY time DESC, id DESC, key DESC
        """
        with closing(self._open()) as database:
            return list(shared_ids(_Post(key, id_) for id_, key in database.execute(rows)))


class _Post(Struct, frozen=True):
    """A post as far as `shared_ids` needs it."""

    key: str
    id: str


class HeadsWriter:
    """Writes heads into a new file."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.paths: set[str] = set()
        """The feeds so far."""
        self._number = 0
        self._database = sqlite3.connect(file, isolation_level=None)
        self._database.executescript(_TABLES)
        self._database.execute("BEGIN")

    def add(self, records: Iterable[RecordHeads]) -> None:
        """Add the heads of these records."""
        for record in records:
            self._number += 1
            self.paths.update(record.feeds, record.entry_feeds)
            self._database.execute(
                "INSERT INTO records VALUES (?, ?, ?)", (self._number, record.name, record.entry)
            )
            rows = {(path, *key, 0) for path in record.feeds for key in record.sort_keys}
            if record.sort_key is not None:
                own = {(path, *record.sort_key) for path in record.entry_feeds}
                rows = {row for row in rows if row[:-1] not in own}
                rows |= {(*place, 1) for place in own}
            self._database.executemany(
                f"INSERT INTO heads VALUES (?, ?, ?, ?, ?, {self._number})", rows
            )

    def finish(self) -> Heads:
        """Sort the heads, and return them."""
        self._database.execute(_SORTED)
        self._database.execute("COMMIT")
        self._database.close()
        return Heads(self.file)

    def close(self) -> None:
        """Close the file."""
        self._database.close()


@contextmanager
def temporary_heads() -> Iterator[HeadsWriter]:
    """Make a new file of heads, and delete it at the end of the block."""
    with tempfile.TemporaryDirectory(prefix="feeds-rebuild-") as folder:
        writer = HeadsWriter(Path(folder) / "heads")
        try:
            yield writer
        finally:
            writer.close()
