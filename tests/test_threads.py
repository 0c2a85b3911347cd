"""Threads that read the state at once, in a process that has just begun."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys, threading
from feeds import state, versioned
from feeds.manifest import Manifest
from feeds.parts import Parts
from feeds.state import Catalog, Record
from feeds.store import MemoryStore
from feeds.versioned import Versioned
from feeds.world import RealWorld

sys.setswitchinterval(1e-6)
store = MemoryStore()
for kind in (Record, Manifest, Catalog):
    store.put(kind.__name__, state.encode(kind()))
for name in ("page", "volume"):
    store.put(state.part_key("", name), b"[]")
known, parts = Versioned(store, RealWorld()), Parts(store, "", RealWorld())
start = threading.Barrier(16)

def read():
    start.wait()
    for kind in (Record, Manifest, Catalog):
        assert known.read(kind.__name__, kind)[1] == kind()
    assert parts.page("page") == parts.volume("volume") == ()

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
