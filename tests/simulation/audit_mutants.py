"""Audits that are broken on purpose: each mutant leaves out one repair.

The simulator's losses, or a directed test, must catch each of them. docs/protocol.md has the
repairs. Most classes here are parts of the audit; some are parts of a publisher that it uses.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import msgspec
from msgspec.structs import replace
from simulation.mutants import base_of

from feeds.maintenance import audit
from feeds.maintenance.audit import AuditProgress
from feeds.maintenance.feed_check import FeedCheck
from feeds.maintenance.findings import Findings
from feeds.maintenance.index_check import Differences, IndexCheck
from feeds.maintenance.journal import JOURNAL, Journal, JournalEntry, JournalWork
from feeds.maintenance.post_check import NONE, Part, PostCheck, _Result
from feeds.publishing import publisher
from feeds.publishing.attachments import Attachments
from feeds.publishing.due_markers import DUE_MARKERS, DueMarker, DueMarkers, marker_time
from feeds.publishing.feed_list_writer import FeedListWriter
from feeds.publishing.feed_writer import PublishedFeed
from feeds.publishing.repairs import Repairs
from feeds.state.keys import FEED_LIST, attachment_key
from feeds.state.objects import Attachment, FeedList


@contextmanager
def in_place(mutant: type) -> Iterator[None]:
    """In this block, audits and publishers have the mutant in place of its base class.

    Fails at once if it breaks nothing of them (`base_of`).
    """
    base = base_of(mutant)
    modules = [module for module in (audit, publisher) if vars(module).get(base.__name__) is base]
    assert modules, f"no part of an audit is {base.__name__}"
    with mock.patch.object(modules[0], base.__name__, mutant):
        yield


class _Everything:
    """A collection that has everything."""

    def __contains__(self, item: object) -> bool:
        return True


class _Anything(int):
    """A digest that equals every other one."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__


# --- posts and records ---------------------------------------------------------------------------


class MissesNewPosts(PostCheck):
    """A post without a record is published."""

    def _note_new(self, key):
        self.report.new += 1


class MissesChangedPosts(PostCheck):
    """A post of another version than its record is published."""

    def _compared(self, post):
        result = super()._compared(post)
        return _Result.SAME if result == _Result.NEWER else result


class MissesDeletedPosts(PostCheck):
    """A post that is gone is removed."""

    def check_records(self, *, allow_removals):
        return


class MissesOneOfSeveralFiles(PostCheck):
    """A file that is gone is removed from a post that still has another one."""

    def _note_gone(self, record, key):
        return


class ReadsOnlyDoubtfulRecords(PostCheck):
    """A part of all records is read each night, whatever their times are."""

    def check_posts(self):
        self.part = NONE
        super().check_posts()


class KeepsDamagedRecords(Repairs):
    """A damaged record is replaced."""

    def read_record(self, name):
        return self.records.read(name)


class MissesUnindexedRecords(PostCheck):
    """A record without an entry in the index of all posts is published."""

    def _is_unfinished(self, name, record, post, key):
        self.listed = _Everything()
        return super()._is_unfinished(name, record, post, key)


class MissesLostMarkers(PostCheck):
    """A post that waits for a time, and has no marker, is published."""

    def _is_unfinished(self, name, record, post, key):
        return super()._is_unfinished(name, replace(record, due=None), post, key)


class TrustsDamagedMarkers(DueMarkers):
    """A damaged marker counts as none."""

    def all(self):
        return (msgspec.structs.replace(marker, error="") for marker in super().all())


class StopsAtDamagedMarkers(DueMarkers):
    """A damaged marker does not stop the audit."""

    def all(self):
        for stat in self.state.store.list(DUE_MARKERS):
            stored, when = self.state.store.get(stat.key), marker_time(stat.key)
            keys = msgspec.json.decode(stored.data)["keys"]
            yield DueMarker(stat.key, when, tuple(keys))


class MissesPassedTimes(audit._Audit):
    """A post whose marker says that its time has come is published."""

    def _check_due_markers(self, all_markers):
        return


class MissesLostNotes(Repairs):
    """A post is published if no note says that it depends on a file."""

    def _is_noted(self, file, key):
        return True


class MissesOtherSizes(Repairs):
    """A post is published if the file of its enclosure has another size than it was read with."""

    def has_attachments(self, post, key):
        return super().has_attachments(replace(post, attachment="", attachment_size=0), key)


class MissesOtherPages(Repairs):
    """A post is published if a post that it links to has another page than it was read with."""

    def has_attachments(self, post, key):
        return super().has_attachments(replace(post, pages={}), key)


class KeepsDamagedNotes(Attachments):
    """A damaged note is replaced, also when a post is published."""

    def _note(self, key, post):
        self.state.read(attachment_key(key), Attachment)
        super()._note(key, post)


class ForgetsTheJournal(audit._Audit):
    """The posts in the journal are published in the next night."""

    def _check_journal(self, entries):
        return


class StopsAtDamagedEntries(Journal):
    """A damaged entry of the journal does not stop the audit."""

    def entries(self):
        stored = [(stat, self.store.get(stat.key).data) for stat in self.store.list(JOURNAL)]
        decode = msgspec.json.decode
        return [JournalEntry(s.key, s.modified, decode(d, type=JournalWork)) for s, d in stored]


# --- indexes -------------------------------------------------------------------------------------


class KeepsDamagedIndexes(Repairs):
    """An index that cannot be read is replaced by an empty one, and its posts are published."""

    def replace_damaged_index(self, path, stored):
        return False


class MissesLostPages(Repairs):
    """An index whose stored pages are missing is replaced, too."""

    def _lacks_pages(self, path, manifest, stored):
        return False


class KeepsDamagedPages(IndexCheck):
    """An index with a damaged page is replaced, too."""

    def replace_damaged(self):
        return


class TrustsStoredPages(IndexCheck):
    """An index with a stored page that is not the one that was written is replaced, too."""

    def _read_page(self, index, page):
        return index.pages.page(page.object)


class TrustsEmptyManifests(Repairs):
    """A manifest that this program has not written is replaced."""

    def _was_written(self, read):
        return True


class KeepsNotesOfFeeds(Repairs):
    """A post that is published again is published in all its feeds."""

    def forget_confirmed(self, name):
        return


class BelievesTheListing(Repairs):
    """A page that is younger than the listing is not missing."""

    def _lacks_pages(self, path, manifest, stored):
        return any(page.object not in stored for page in manifest.pages)


class SendsNoPostsOfLostFeeds(IndexCheck):
    """The posts of a feed that has lost its index are published in the same night."""

    def send_posts_of(self, lost):
        return


class MissesDocumentsWithoutIndex(FeedCheck):
    """A feed that has documents and no index has lost it."""

    def _find_documents_without_index(self):
        return


class MissesListedFeeds(FeedCheck):
    """A feed that is listed and has no index has lost it."""

    def _repair_feed_list(self):
        lost = set(self._lost)
        super()._repair_feed_list()
        self._lost = lost


class MissesTheFeedOfAllPosts(FeedCheck):
    """A site without the feed of all posts has lost its index."""

    def _find_the_feed_of_all_posts(self):
        return


class MissesStrays(IndexCheck):
    """An entry of an index that no record has there is removed."""

    def _send(self, path, differences):
        super()._send(path, differences._replace(strays={}))


class AdoptsNoStrays(Repairs):
    """The record of such an entry must know of it, so that publishing the post removes it."""

    def adopt(self, name, path, position):
        return


class MissesMissingEntries(IndexCheck):
    """An entry that an index lacks is added."""

    def _send(self, path, differences):
        super()._send(path, differences._replace(missing=[]))


class ComparesOnlyPositions(IndexCheck):
    """An entry that is different from its record is replaced."""

    def _compare_feed(self, path, span, expected):
        loose: dict[Any, Any] = {
            position: wanted._replace(digest=_Anything()) for position, wanted in expected.items()
        }
        return super()._compare_feed(path, span, loose)


class StaysInOnePart(audit._Audit):
    """Each audit reads the next part of the records."""

    def _part(self):
        return Part(0, audit.ROUND_NIGHTS)


class StaysAtTheStart(audit._Audit):
    """Each audit compares the next span of the indexes."""

    def _write_progress(self, after):
        super()._write_progress(None)


class StopsWithoutProgress(audit._Audit):
    """Damaged progress starts a new round, and does not stop the audit."""

    def _read_progress(self):
        stored = self.publisher.feeds.get(audit.PROGRESS)
        return msgspec.json.decode(stored.data if stored else b"{}", type=AuditProgress)


# --- documents and the list of all feeds ---------------------------------------------------------


class RepairsNoDocuments(FeedCheck):
    """A document that is missing or different is written."""

    def _repair_feed(self, feed):
        def repair_feed(index):
            manifest = index.manifest
            return PublishedFeed((), manifest.title, manifest.title_generation, manifest.listed)

        with mock.patch.object(self.publisher.repairs, "repair_feed", repair_feed):
            return super()._repair_feed(feed)


class MissesLostArchives(FeedCheck):
    """An archive document that is missing is written in the same night."""

    def _repair_feed(self, feed):
        def mark_pending(path, names):
            return self.publisher.read_index(path)

        with mock.patch.object(self.publisher.repairs, "mark_pending", mark_pending):
            return super()._repair_feed(feed)


class MissesWrongArchives(IndexCheck):
    """An archive document that is different is written."""

    def _send(self, path, differences: Differences):
        super()._send(path, differences._replace(archives=[]))


class SweepsNothing(Findings):
    """What nothing refers to is deleted."""

    def sweep(self, unused, age=None):
        return


class RepairsNoList(FeedCheck):
    """The list of all feeds is compared with the indexes, and completed."""

    def _repair_feed_list(self):
        self._titles.clear()
        super()._repair_feed_list()


class RepairsNoListDocuments(FeedListWriter):
    """The documents about all feeds are written if they are missing or different."""

    def repair(self, feed_paths):
        return self.update(feed_paths) if feed_paths else ()


class KeepsDamagedLists(Repairs):
    """A damaged list of all feeds is replaced."""

    def listed_feeds(self):
        return self.state.read(FEED_LIST, FeedList).value.feeds
