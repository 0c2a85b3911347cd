"""Threads that read state at once in a new process."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

CODE = """
import sys, threading
from feeds.runtime import ThreadedRuntime
from feeds.state.index_pages import IndexPages
from feeds.state.keys import page_key
from feeds.state.manifest import Manifest
from feeds.state.objects import FeedList, Record, encode
from feeds.state.state_store import StateStore
from feeds.stores.memory import MemoryStore

sys.setswitchinterval(1e-6)
store = MemoryStore()
for kind in (Record, Manifest, FeedList):
    store.put(kind.__name__, encode(kind()))
for name in ("page", "page list"):
    store.put(page_key("", name), b"[]")
state, pages = StateStore(store, ThreadedRuntime()), IndexPages(store, "", ThreadedRuntime())
start = threading.Barrier(16)

def read():
    start.wait()
    for kind in (Record, Manifest, FeedList):
        assert state.read(kind.__name__, kind)[1] == kind()
    assert pages.page("page") == pages.page_list("page list") == ()

threads = [threading.Thread(target=read) for _ in range(16)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_threads_of_a_new_process_can_decode_state_at_once() -> None:
    """msgspec 0.22 crashes if two threads decode a type for the first time."""
    for _ in range(8):  # four of five crash if the decoders are made by the threads
        process = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True)
        assert process.returncode == 0, (process.returncode, process.stderr)
