"""Reading state objects that are damaged or of another version."""

from __future__ import annotations

import pytest

from feeds.errors import StoreError
from feeds.runtime import ThreadedRuntime
from feeds.state.keys import FEED_LIST, manifest_key, record_key
from feeds.state.manifest import Manifest
from feeds.state.objects import FeedList, Record
from feeds.state.state_store import StateStore
from feeds.stores.memory import MemoryStore

KINDS = {FEED_LIST: FeedList, manifest_key("category/tea"): Manifest, record_key("a.md"): Record}


@pytest.mark.parametrize("data", [b'{"token":"x","places":[]}', b'{"token":', b"[]", b"\xff"])
@pytest.mark.parametrize("key", KINDS)
def test_state_of_another_version_is_an_error_that_says_what_to_do(key: str, data: bytes) -> None:
    store = MemoryStore()
    store.put(key, data)
    with pytest.raises(StoreError, match=r"another version of bucketfeed .* run feeds rebuild"):
        StateStore(store, ThreadedRuntime()).read(key, KINDS[key])
