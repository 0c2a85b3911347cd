"""Threads that read the state at once, in a process that has just begun."""

from __future__ import annotations

import subprocess
import sys

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
for name in ("page", "volume"):
    store.put(page_key("", name), b"[]")
known, parts = StateStore(store, ThreadedRuntime()), IndexPages(store, "", ThreadedRuntime())
start = threading.Barrier(16)

def read():
    start.wait()
    for kind in (Record, Manifest, FeedList):
        assert known.read(kind.__name__, kind)[1] == kind()
    assert parts.page("page") == parts.page_list("volume") == ()

threads = [threading.Thread(target=read) for _ in range(16)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_threads_may_be_the_first_to_read_a_kind_of_state() -> None:
    """msgspec 0.22 crashes where two threads decode a type that no one decoded before."""
    for _ in range(8):  # without care, four of five of these processes die
        done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True)
        assert done.returncode == 0, (done.returncode, done.stderr)
