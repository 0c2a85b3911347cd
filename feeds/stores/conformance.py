"""Checks whether a store supports what publishing needs (`feeds doctor`).

Many servers speak S3, and few document what they leave out. A condition that a server ignores
loses posts much later, without a message. Each need is probed with a few small objects, under a
prefix of their own that is deleted afterwards. It does not know what kind of store it checks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from feeds import paths
from feeds.errors import Conflict, Denied, StoreError, TooLarge
from feeds.runtime import Runtime
from feeds.stores.base import PutMode, Store, if_unchanged
from feeds.stores.prefixed import Prefixed

ODD_KEYS = ("a%0Ab", "a+b", "a b", "能", "a%2Fb", "a&b='c'")

_TIMES = 5
_WRITERS = 6
_ROUNDS = 3


class CheckResult(NamedTuple):
    """What came of one probe: `seen` is what is wrong, ``""`` where nothing is."""

    need: str
    seen: str
    means: str
    todo: str

    def __str__(self) -> str:
        if not self.seen:
            return f"ok     {self.need}"
        return f"LACKS  {self.need}: {self.seen}; {self.means}; {self.todo}"


def check_store(store: Store, world: Runtime) -> Iterator[CheckResult]:
    """Probe one need of publishing after the other.

    Raises StoreError where nothing can be written at all (the bucket is missing, or denied), and
    where what was written could not be removed.
    """
    part = _Part(store, f"{paths.STATE}doctor-{world.token()}/")
    try:
        part.put("first", b"Written by feeds doctor, which removes it again.")
    except Denied as error:
        raise Denied(f"{error}; an examination must write: {_GRANT}") from error
    try:
        for need, probe, means, todo in _NEEDS:
            yield CheckResult(need, _seen(probe, part, world), means, todo)
    finally:
        part.clear()


class _Part(Prefixed):
    """A part of a store that knows which keys it was given."""

    def __init__(self, store: Store, prefix: str) -> None:
        super().__init__(store, prefix)
        self._given: set[str] = set()

    def put(
        self,
        key: str,
        data: bytes,
        *,
        mode: PutMode = "overwrite",
        media_type: str = "application/octet-stream",
        cache_control: str = "",
    ) -> str:
        """Write an object; see Store."""
        self._given.add(key)
        return super().put(key, data, mode=mode, media_type=media_type, cache_control=cache_control)

    def clear(self) -> None:
        """Remove whatever was put here. Raises StoreError where something is left."""
        try:
            for key in sorted(self._given):
                self.delete(key)
        except StoreError as error:
            raise StoreError(f"{error}; remove what the examination left: {self.url}") from error


Probe = Callable[[Store, Runtime], str]


def _seen(probe: Probe, store: Store, world: Runtime) -> str:
    try:
        return probe(store, world)
    except StoreError as error:
        return str(error)


# --- the probes: what is wrong, or nothing -------------------------------------------------------


def _tells_missing(store: Store, _: Runtime) -> str:
    found = store.get("nothing")
    return f"an object that was never written is there ({found.stat.version})" if found else ""


def _reads_what_was_written(store: Store, _: Runtime) -> str:
    for number in range(_TIMES):
        data = f"write {number}".encode()
        version = store.put("read", data)
        stat = store.head("read")
        if stat is None or (stat.size, stat.version) != (len(data), version):
            return "a HEAD after a write tells of another object"
        if wrong := _unlike(store, "read", data):
            return wrong
    return ""


def _versions_differ(store: Store, _: Runtime) -> str:
    versions = [store.put("version", bytes([65 + number])) for number in range(_TIMES)]
    return "" if len({*versions}) == _TIMES else "different bytes have one version (ETag)"


def _creates_once(store: Store, _: Runtime) -> str:
    if not _wrote(store, "create", b"one", ""):
        return "an object that is not there could not be created (If-None-Match)"
    if _wrote(store, "create", b"two", ""):
        return "one object was created twice (If-None-Match)"
    return _unlike(store, "create", b"one")


def _replaces_the_version_read(store: Store, _: Runtime) -> str:
    store.put("replace", b"one")
    found = store.get("replace")
    if found and not _wrote(store, "replace", b"two", found.stat.version):
        return "a write over the version that a GET told was refused (If-Match)"
    stat = store.head("replace")
    if stat and not _wrote(store, "replace", b"three", stat.version):
        return "a write over the version that a HEAD told was refused (If-Match)"
    return _unlike(store, "replace", b"three")


def _refuses_a_stale_version(store: Store, _: Runtime) -> str:
    old = store.put("stale", b"one")
    store.put("stale", b"two")
    if _wrote(store, "stale", b"three", old):
        return "a write over an old version went through (If-Match)"
    return _unlike(store, "stale", b"two")


def _refuses_a_missing_version(store: Store, _: Runtime) -> str:
    old = store.put("gone", b"one")
    store.delete("gone")
    if _wrote(store, "gone", b"two", old):
        return "a write over the version of an object that is gone went through (If-Match)"
    return ""


def _lets_one_create(store: Store, world: Runtime) -> str:
    return _race(store, world, "race to create", lambda _: "")


def _lets_one_replace(store: Store, world: Runtime) -> str:
    return _race(store, world, "race to replace", lambda key: store.put(key, b"before"))


def _race(store: Store, world: Runtime, name: str, start: Callable[[str], str]) -> str:
    nobody = 0
    for number in range(_ROUNDS):
        key = f"{name} {number}"
        version = start(key)
        rivals = [f"writer {rival}".encode() for rival in range(_WRITERS)]
        wins = world.each(_writer(store, key, version), rivals)
        winners = [data for data, won in zip(rivals, wins, strict=True) if won]
        if len(winners) > 1:
            return f"{len(winners)} of {_WRITERS} writers at once were told that they had won"
        if winners and (wrong := _unlike(store, key, winners[0])):
            return f"of {_WRITERS} writers at once one was told that it had won, but {wrong}"
        nobody += not winners
    return f"of {_WRITERS} writers at once none won" if nobody == _ROUNDS else ""


def _writer(store: Store, key: str, version: str) -> Callable[[bytes], bool]:
    return lambda data: _wrote(store, key, data, version)


def _lists_what_was_written(store: Store, _: Runtime) -> str:
    for number in range(_TIMES):
        key = f"list/{number}"
        version = store.put(key, b"one")
        if version not in [stat.version for stat in store.list(key)]:
            return "a listing after a write does not show the object"
        version = store.put(key, b"another")
        if version not in [stat.version for stat in store.list(key)]:
            return "a listing after a second write shows the first"
    return ""


def _forgets_what_was_deleted(store: Store, _: Runtime) -> str:
    for number in range(_TIMES):
        key = f"delete/{number}"
        store.put(key, b"one")
        store.delete(key)
        if store.get(key) or store.head(key):
            return "an object is read after it was deleted"
        if any(store.list(key)):
            return "an object is listed after it was deleted"
    return ""


def _keeps_odd_keys(store: Store, _: Runtime) -> str:
    for key in ODD_KEYS:
        store.put(f"odd/{key}", key.encode())
    for key in ODD_KEYS:
        if wrong := _unlike(store, f"odd/{key}", key.encode()):
            return f"under the key {key!r} {wrong}"
    listed = {stat.key.removeprefix("odd/") for stat in store.list("odd/")}
    if listed != {*ODD_KEYS}:
        return f"the keys {sorted(ODD_KEYS)} are listed as {sorted(listed)}"
    return ""


def _bounds_reads(store: Store, _: Runtime) -> str:
    store.put("large", b"x" * 10_000)
    if _unlike(store, "large", b"x" * 10_000):
        return "10,000 bytes do not come back whole"
    try:
        store.get("large", limit=9_999)
    except TooLarge:
        return ""
    return "an object of 10,000 bytes was read where 9,999 were allowed"


def _wrote(store: Store, key: str, data: bytes, version: str) -> bool:
    try:
        store.put(key, data, mode=if_unchanged(version))
    except Conflict:
        return False
    return True


def _unlike(store: Store, key: str, data: bytes) -> str:
    found = store.get(key)
    if found is None:
        return "there is nothing after a write"
    return "" if found.data == data else "something else is read than what was written last"


# --- what is probed, what it means where it is lacking, and what to do ---------------------------

_GRANT = "grant s3:GetObject, s3:PutObject, s3:DeleteObject, and s3:ListBucket on the bucket"
_OTHER = "take another store, or a newer version of this server"
_LOST = "uploads at one moment would undo each other"

_NEEDS: tuple[tuple[str, Probe, str, str], ...] = (
    (
        "an object that is not there is said to be missing",
        _tells_missing,
        "a deleted post could not be told from one that may not be read",
        "grant s3:ListBucket on the bucket, without which S3 answers 403 in place of 404",
    ),
    (
        "what was written is read at once",
        _reads_what_was_written,
        "an edit would be published as it was before",
        _OTHER,
    ),
    (
        "different bytes have different versions",
        _versions_differ,
        _LOST,
        _OTHER,
    ),
    (
        "an object is created once",
        _creates_once,
        "the first posts of a feed would undo each other",
        _OTHER,
    ),
    (
        "the version that was read can be written over",
        _replaces_the_version_read,
        "nothing could be published a second time",
        _OTHER,
    ),
    ("a stale version is refused", _refuses_a_stale_version, _LOST, _OTHER),
    (
        "a version of a missing object is refused",
        _refuses_a_missing_version,
        "what was deleted would come back",
        _OTHER,
    ),
    ("of writers at once one creates an object", _lets_one_create, _LOST, _OTHER),
    ("of writers at once one replaces a version", _lets_one_replace, _LOST, _OTHER),
    (
        "what was written is listed at once",
        _lists_what_was_written,
        "a rebuild or an audit would pass over posts",
        "grant s3:ListBucket where it is denied; else " + _OTHER,
    ),
    (
        "what was deleted is gone at once",
        _forgets_what_was_deleted,
        "deleted posts would stay in feeds",
        "grant s3:DeleteObject where it is denied; else " + _OTHER,
    ),
    (
        "odd keys come back as they were",
        _keeps_odd_keys,
        "posts with such names would be mixed up or lost",
        _OTHER + ", and check what is between here and it",
    ),
    (
        "a read can be bounded",
        _bounds_reads,
        "one huge file among the posts could stop the function",
        _OTHER,
    ),
)
