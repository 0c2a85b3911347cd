"""Stories with losses, which audits alone make up for (promise 3), and the mutants of the repairs.

tests/maintenance/test_losses.py has the directed tests.
"""

from __future__ import annotations

from collections import Counter

import pytest
from simulation import audit_mutants
from simulation.losses import ALL_KINDS, WAYS
from simulation.nights import lossy_story
from simulation.story import cached_pure_functions

from feeds.maintenance.post_check import PostCheck
from feeds.state.index_pages import IndexPages

SEEDS = 2400
CHUNK = 100
MUTANT_SEEDS = 500
"""One of the first seeds catches each mutant in `CAUGHT_BY_LOSSES`, mostly one of the first 50."""


@pytest.fixture(autouse=True, scope="module")
def _cached_pure_functions():
    with cached_pure_functions():
        yield


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, SEEDS, CHUNK))
def test_audits_restore_the_documents_of_a_full_build_after_random_losses(start):
    for seed in range(start, start + CHUNK):
        try:
            lossy_story(seed).check()
        except Exception as error:
            error.add_note(f"replay with: make simulate LOSSES=1 FROM={seed} N=1")
            raise


@pytest.mark.slow
def test_random_losses_are_of_every_kind():
    lost: Counter[tuple[str, str]] = Counter()
    for seed in range(300):
        lost += lossy_story(seed).losses
    wanted = {(kind, how) for kind in ALL_KINDS for how in WAYS}
    # A stored page or page list never changes, so it has no earlier version.
    wanted -= {("page", "turned back"), ("list of pages", "turned back")}
    wanted |= {("message", "expired"), ("message", "purged"), ("event", "lost")}
    assert {pair: lost[pair] for pair in wanted if lost[pair] < 3} == {}


CAUGHT_BY_LOSSES = [
    audit_mutants.MissesNewPosts,
    audit_mutants.MissesChangedPosts,
    audit_mutants.MissesDeletedPosts,
    audit_mutants.ReadsOnlyDoubtfulRecords,
    audit_mutants.KeepsDamagedRecords,
    audit_mutants.MissesUnindexedRecords,
    audit_mutants.MissesLostMarkers,
    audit_mutants.TrustsDamagedMarkers,
    audit_mutants.StopsAtDamagedMarkers,
    audit_mutants.MissesPassedTimes,
    audit_mutants.MissesLostNotes,
    audit_mutants.MissesOtherSizes,
    audit_mutants.MissesOtherPages,
    audit_mutants.KeepsDamagedNotes,
    audit_mutants.StopsAtDamagedEntries,
    audit_mutants.KeepsDamagedIndexes,
    audit_mutants.MissesLostPages,
    audit_mutants.KeepsDamagedPages,
    audit_mutants.SendsNoPostsOfLostFeeds,
    audit_mutants.MissesDocumentsWithoutIndex,
    audit_mutants.MissesStrays,
    audit_mutants.AdoptsNoStrays,
    audit_mutants.MissesMissingEntries,
    audit_mutants.ComparesOnlyPositions,
    audit_mutants.StaysInOnePart,
    audit_mutants.StaysAtTheStart,
    audit_mutants.StopsWithoutProgress,
    audit_mutants.RepairsNoDocuments,
    audit_mutants.MissesWrongArchives,
    audit_mutants.SweepsNothing,
    audit_mutants.RepairsNoList,
    audit_mutants.RepairsNoListDocuments,
    audit_mutants.KeepsDamagedLists,
]


@pytest.mark.slow
@pytest.mark.parametrize("mutant", CAUGHT_BY_LOSSES)
def test_random_losses_catch_the_mutant(mutant):
    with audit_mutants.in_place(mutant):
        assert any(is_caught(seed) for seed in range(MUTANT_SEEDS))


def is_caught(seed: int) -> bool:
    """Return whether a story ends with wrong documents, or with an exception.

    A mutant that uses what does not exist any more is not caught, but broken itself.
    """
    try:
        lossy_story(seed).check()
    except (AttributeError, TypeError):
        raise
    except Exception:
        return True
    return False


class BreaksNothing(PostCheck):
    """A mutant that overrides a method which does not exist."""

    def no_such_method(self, key):
        raise AssertionError(key)


class BreaksNoPart(IndexPages):
    """A mutant of a class that no part of an audit or publisher is."""

    def page(self, name):
        raise AssertionError(name)


@pytest.mark.parametrize("mutant", [BreaksNothing, BreaksNoPart])
def test_mutant_that_overrides_nothing_of_an_audit_is_refused(mutant):
    with (
        pytest.raises(AssertionError, match=r"to break|no part of an audit"),
        audit_mutants.in_place(mutant),
    ):
        pytest.fail("the mutant was not refused")
