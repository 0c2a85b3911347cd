"""Publishes everything: a bucket for the first time, or all posts for a new feeds.toml.

It goes through the publisher in batches, while uploads continue. It skips a post whose record is
of this configuration and of this version of the post, unless the journal names it (journal.py). So
it can be stopped and started again at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from operator import or_

from msgspec import Struct

from feeds.publishing import journal
from feeds.publishing.journal import JournalEntry
from feeds.publishing.publisher import Publisher, PublishResult
from feeds.reading.selection import is_post, post_identity
from feeds.state.keys import FEEDS, RECORDS, path_of_manifest, record_key
from feeds.state.objects import Record, problems
from feeds.stores.base import Stat

BATCH_POSTS = 500


class RebuildReport(Struct):
    """What a rebuild did so far. `errors` are sentences; `posts` counts those looked at."""

    posts: int = 0
    skipped: int = 0
    gone: int = 0
    feeds: int = 0
    documents: int = 0
    problems: int = 0
    errors: list[str] = []


def rebuild(
    publisher: Publisher,
    progress: Callable[[int, int], None] | None = None,
    told: Callable[[PublishResult], None] = lambda _: None,
    batch: int = BATCH_POSTS,
) -> RebuildReport:
    """Publish all posts, drop those that are gone, and renew every feed.

    `progress` is told how many of how many posts were seen, `told` what each batch came to.
    """
    result = RebuildReport()
    notes = journal.pending(publisher)
    begun = reduce(or_, (work for _, work in notes), JournalEntry())
    stats = [stat for stat in publisher.posts.list() if is_post(stat.key, publisher.config)]
    there = {stat.key for stat in stats}
    gone = set(begun.posts - there)
    orphans = sorted(begun.records)
    for name, record in _unknown(publisher, there):
        if all(record_key(post_identity(key, publisher.config)) == name for key in record.objects):
            gone.update(record.objects)
        else:
            orphans.append(name)
    for start in range(0, len(stats), batch):
        chunk = stats[start : start + batch]
        todo = []
        for stat, record in zip(chunk, _records(publisher, chunk), strict=True):
            gone.update(record.objects.keys() - there)
            seen = (
                record.objects.get(stat.key)
                if record.config_fingerprint == publisher.made
                else None
            )
            if seen is None or seen.version != stat.version or stat.key in begun.posts:
                todo.append(stat.key)
        result.skipped += len(chunk) - len(todo)
        _publish(publisher, todo, result, told)
        result.posts += len(todo)
        if progress:
            progress(start + len(chunk), len(stats))
    lost = sorted(gone)
    for start in range(0, len(lost), batch):
        _publish(publisher, lost[start : start + batch], result, told)
    for start in range(0, len(orphans), batch):
        _take(journal.clear_journaled(publisher, orphans[start : start + batch]), result, told)
    result.gone = len(gone)
    found = (path_of_manifest(stat.key) for stat in publisher.feeds.list(FEEDS))
    paths = [path for path in found if path is not None]
    made = publisher.world.each(
        lambda path: publisher.indexes.read(path).index.config_fingerprint, paths
    )
    stale = [
        path
        for path, by in zip(paths, made, strict=True)
        if by != publisher.made or path in begun.feeds
    ]
    if stale:
        with journal.renewal(publisher, stale):
            renewed = publisher.world.each(publisher.renew, stale)
            result.documents += sum(map(len, renewed))
            result.documents += len(publisher.listing.update(paths))
    result.feeds = len(paths)
    for stat, _ in notes:
        publisher.feeds.delete(stat.key)
    return result


def _publish(
    publisher: Publisher,
    keys: Sequence[str],
    result: RebuildReport,
    told: Callable[[PublishResult], None],
) -> None:
    if not keys:
        return
    published = journal.publish_journaled(publisher, keys)
    result.problems += len(problems(published.looked.values()))
    _take(published, result, told)


def _take(
    published: PublishResult, result: RebuildReport, told: Callable[[PublishResult], None]
) -> None:
    result.documents += len(published.changed)
    result.errors.extend(published.errors)
    told(published)


def _records(publisher: Publisher, stats: Sequence[Stat]) -> list[Record]:
    """What is recorded of posts; empty records where nothing is."""
    keys = [record_key(post_identity(stat.key, publisher.config)) for stat in stats]
    return publisher.world.each(publisher.records.read, keys)


def _unknown(publisher: Publisher, there: set[str]) -> Iterator[tuple[str, Record]]:
    """The records that no object in the store leads to: of posts that went, or under other names.

    Their names change with `posts.id_from`.
    """
    known = {record_key(post_identity(key, publisher.config)) for key in there}
    for stat in publisher.feeds.list(RECORDS):
        if stat.key not in known:
            record = publisher.records.read(stat.key)
            if record.objects:
                yield stat.key, record
