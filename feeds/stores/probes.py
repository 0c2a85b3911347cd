"""Probes of a store: each tries one requirement of publishing and returns what is wrong with it.

A probe takes a store to write to and a runtime, and returns a message, or ``""`` if the store meets
the requirement. An error of the store (StoreError) means that it does not.
"""

from __future__ import annotations

from collections.abc import Callable

from feeds.errors import Conflict, TooLarge
from feeds.runtime import Runtime
from feeds.stores.base import PutMode, Store, Update, if_unchanged

Probe = Callable[[Store, Runtime], str]

SPECIAL_KEYS = ("a%0Ab", "a+b", "a b", "能", "a%2Fb", "a&b='c'")

_REPEATS = 5
_WRITERS = 6
_RACES = 3


def probe_missing_object(store: Store, _: Runtime) -> str:
    """A read of an object that was never written returns None."""
    object_ = store.get("nothing")
    if object_:
        return f"an object that was never written exists ({object_.stat.version})"
    return ""


def probe_read_after_write(store: Store, _: Runtime) -> str:
    """GET and HEAD return the last write."""
    for number in range(_REPEATS):
        data = f"write {number}".encode()
        version = store.put("read", data)
        stat = store.head("read")
        if stat is None or (stat.size, stat.version) != (len(data), version):
            return "a HEAD after a write returns another object"
        if difference := _difference(store, "read", data):
            return difference
    return ""


def probe_versions(store: Store, _: Runtime) -> str:
    """Different bytes have different versions."""
    versions = [store.put("version", bytes([65 + number])) for number in range(_REPEATS)]
    return "" if len({*versions}) == _REPEATS else "different bytes have the same version (ETag)"


def probe_create(store: Store, _: Runtime) -> str:
    """An object can be created once."""
    if not _put(store, "create", b"one", "create"):
        return "a missing object could not be created (If-None-Match)"
    if _put(store, "create", b"two", "create"):
        return "one object was created twice (If-None-Match)"
    return _difference(store, "create", b"one")


def probe_update(store: Store, _: Runtime) -> str:
    """A write can replace the version that was read."""
    store.put("replace", b"one")
    object_ = store.get("replace")
    if object_ and not _put(store, "replace", b"two", Update(object_.stat.version)):
        return "an update of the version that a GET returned was refused (If-Match)"
    stat = store.head("replace")
    if stat and not _put(store, "replace", b"three", Update(stat.version)):
        return "an update of the version that a HEAD returned was refused (If-Match)"
    return _difference(store, "replace", b"three")


def probe_stale_update(store: Store, _: Runtime) -> str:
    """A write cannot replace an old version."""
    old = store.put("stale", b"one")
    store.put("stale", b"two")
    if _put(store, "stale", b"three", Update(old)):
        return "an update of an old version succeeded (If-Match)"
    return _difference(store, "stale", b"two")


def probe_update_of_deleted(store: Store, _: Runtime) -> str:
    """A write cannot replace a version of a deleted object."""
    old = store.put("gone", b"one")
    store.delete("gone")
    if _put(store, "gone", b"two", Update(old)):
        return "an update of a deleted object succeeded (If-Match)"
    return ""


def probe_concurrent_create(store: Store, runtime: Runtime) -> str:
    """If several writers create an object at once, one succeeds."""
    return _race(store, runtime, "race to create", lambda _: "")


def probe_concurrent_update(store: Store, runtime: Runtime) -> str:
    """If several writers replace a version at once, one succeeds."""
    return _race(store, runtime, "race to replace", lambda key: store.put(key, b"before"))


def probe_listing_after_write(store: Store, _: Runtime) -> str:
    """A listing shows the last write."""
    for number in range(_REPEATS):
        key = f"list/{number}"
        version = store.put(key, b"one")
        if version not in [stat.version for stat in store.list(key)]:
            return "a listing after a write does not show the object"
        version = store.put(key, b"another")
        if version not in [stat.version for stat in store.list(key)]:
            return "a listing after a second write shows the first"
    return ""


def probe_delete(store: Store, _: Runtime) -> str:
    """After a delete, the object is not read or listed."""
    for number in range(_REPEATS):
        key = f"delete/{number}"
        store.put(key, b"one")
        store.delete(key)
        if store.get(key) or store.head(key):
            return "an object is read after it was deleted"
        if any(store.list(key)):
            return "an object is listed after it was deleted"
    return ""


def probe_special_keys(store: Store, _: Runtime) -> str:
    """Keys with special characters stay as they are."""
    for key in SPECIAL_KEYS:
        store.put(f"special/{key}", key.encode())
    for key in SPECIAL_KEYS:
        if difference := _difference(store, f"special/{key}", key.encode()):
            return f"under the key {key!r} {difference}"
    listed = {stat.key.removeprefix("special/") for stat in store.list("special/")}
    if listed != {*SPECIAL_KEYS}:
        return f"the keys {sorted(SPECIAL_KEYS)} are listed as {sorted(listed)}"
    return ""


def probe_read_limit(store: Store, _: Runtime) -> str:
    """A read with a limit refuses a larger object."""
    store.put("large", b"x" * 10_000)
    if _difference(store, "large", b"x" * 10_000):
        return "a read does not return all of 10,000 bytes"
    try:
        store.get("large", limit=9_999)
    except TooLarge:
        return ""
    return "an object of 10,000 bytes was read with a limit of 9,999"


def _race(store: Store, runtime: Runtime, name: str, prepare: Callable[[str], str]) -> str:
    """Let several writers write over one version at once, in some races.

    `prepare` returns the version that a key has before its race; ``""`` if there is no object.
    """
    races_without_winner = 0
    for number in range(_RACES):
        key = f"{name} {number}"
        mode = if_unchanged(prepare(key))
        texts = [f"writer {writer}".encode() for writer in range(_WRITERS)]
        successes = runtime.map(_writer(store, key, mode), texts)
        winners = [data for data, success in zip(texts, successes, strict=True) if success]
        if len(winners) > 1:
            return f"{len(winners)} of {_WRITERS} concurrent writers succeeded"
        if winners and (difference := _difference(store, key, winners[0])):
            return f"one of {_WRITERS} concurrent writers succeeded, but {difference}"
        races_without_winner += not winners
    if races_without_winner == _RACES:
        return f"none of {_WRITERS} concurrent writers succeeded"
    return ""


def _writer(store: Store, key: str, mode: PutMode) -> Callable[[bytes], bool]:
    return lambda data: _put(store, key, data, mode)


def _put(store: Store, key: str, data: bytes, mode: PutMode) -> bool:
    """Write an object; return False if that is a conflict."""
    try:
        store.put(key, data, mode=mode)
    except Conflict:
        return False
    return True


def _difference(store: Store, key: str, data: bytes) -> str:
    """Say how a read differs from the last write, which was `data`; ``""`` if it does not."""
    object_ = store.get(key)
    if object_ is None:
        return "a read finds no object after a write"
    return "" if object_.data == data else "a read does not return the last write"
