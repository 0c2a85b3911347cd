"""State objects that are damaged or of another version; writes whose reply is lost."""

from __future__ import annotations

import pytest

from feeds.errors import Conflict, StoreError
from feeds.runtime import ThreadedRuntime
from feeds.state.keys import FEED_LIST, manifest_key, record_key
from feeds.state.manifest import Manifest
from feeds.state.objects import FeedList, Record
from feeds.state.state_store import StateStore
from feeds.stores.counted import Counted
from feeds.stores.memory import MemoryStore

KINDS = {FEED_LIST: FeedList, manifest_key("category/tea"): Manifest, record_key("a.md"): Record}


@pytest.mark.parametrize("data", [b'{"token":"x","places":[]}', b'{"token":', b"[]", b"\xff"])
@pytest.mark.parametrize("key", KINDS)
def test_state_of_another_version_is_an_error_that_says_what_to_do(key: str, data: bytes) -> None:
    store = MemoryStore()
    store.put(key, data)
    with pytest.raises(StoreError, match=r"another version of bucketfeed .* run feeds rebuild"):
        StateStore(store, ThreadedRuntime()).read(key, KINDS[key])


class LosesReplies(Counted):
    """A store whose reply to each write is lost; the second request conflicts with the first."""

    def put(self, key, data, **options):
        super().put(key, data, **options)
        raise Conflict(f"{key}: 412")


@pytest.mark.parametrize("key", KINDS)
def test_write_whose_reply_was_lost_is_found_by_its_token_and_not_repeated(key: str) -> None:
    store = LosesReplies(MemoryStore())
    state = StateStore(store, ThreadedRuntime())
    for attempt in state.attempts(key, KINDS[key]):
        with attempt:
            attempt.write(attempt.old)
    assert store.calls["put"] == 1
    assert state.conflicts == []
    assert attempt.written == state.read(key, KINDS[key])
    assert attempt.written.version
