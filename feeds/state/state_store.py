"""Reads and writes state objects with compare-and-swap: a write replaces only the version read.

It keeps rules 1 to 3 of feeds/publishing/publisher.py for every level (optimistic concurrency).
After a conflict it waits and repeats the step (retry with back-off): `StateStore.attempts`. It does
not know what the objects mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
from msgspec.structs import replace

from feeds.errors import Conflict, DamagedState, StoreError, UnreadableState
from feeds.runtime import Runtime
from feeds.state.manifest import Manifest
from feeds.state.objects import Attachment, FeedList, Record, StateObject, encode
from feeds.stores.base import Object, Store, if_unchanged

MAX_ATTEMPTS = 20
"""The number of attempts after which a step fails, and its message must be delivered again."""

JSON = "application/json"

S = TypeVar("S", bound=StateObject)

# Created before any thread starts: msgspec 0.22 crashes the process if two threads decode a type
# for the first time (tests/state/test_threads.py).
_DECODERS: dict[type, msgspec.json.Decoder[Any]] = {
    kind: msgspec.json.Decoder(kind) for kind in (Record, Manifest, FeedList, Attachment)
}


class Versioned(NamedTuple, Generic[S]):
    """A state object as it was read or written."""

    version: str
    """The store's version of the object; ``""`` if it does not exist."""
    value: S
    """The object; an empty one if it does not exist."""


class StateStore:
    """Reads and writes the state objects in a store."""

    def __init__(self, store: Store, runtime: Runtime) -> None:
        self.store, self.runtime = store, runtime
        self.conflicts: list[str] = []
        """The key of the object in conflict, for each conflict so far."""
        self.replaces_unreadable = False
        """Whether an object that is not of this version's form is read as an empty one, so that it
        is replaced. Only a rebuild may do this: it knows which posts to read again."""

    def read(self, key: str, kind: type[S]) -> Versioned[S]:
        """Read a state object. Raises UnreadableState if it is not of this version's form.

        DamagedState if it is not even JSON, which every version writes.
        """
        return self._decoded(key, self.store.get(key), kind)

    def _decoded(self, key: str, stored: Object | None, kind: type[S]) -> Versioned[S]:
        if stored is None:
            return Versioned("", kind())
        try:
            return Versioned(stored.stat.version, _DECODERS[kind].decode(stored.data))
        except msgspec.DecodeError as error:
            if self.replaces_unreadable:
                return Versioned(stored.stat.version, kind())
            is_json = isinstance(error, msgspec.ValidationError)
            raise (UnreadableState if is_json else DamagedState)(
                f"{key}: damaged, or written by another version of bucketfeed ({error}); run "
                "feeds rebuild, which replaces it"
            ) from None

    def read_replacing_damaged(self, key: str, kind: type[S]) -> tuple[Versioned[S], bool]:
        """Read a state object; replace a damaged one by an empty one. The bool says which."""
        stored = self.store.get(key)
        try:
            return self._decoded(key, stored, kind), False
        except DamagedState:
            assert stored is not None
            damaged = Versioned(stored.stat.version, kind())
            return self.replace(key, damaged, kind()), True

    def is_readable(self, key: str, kind: type[StateObject]) -> bool:
        """Return whether a state object is of this version's form, as far as the store tells."""
        try:
            self.read(key, kind)
        except UnreadableState:
            return False
        except StoreError:
            return True  # not known; the rebuild reports the error when it rewrites the object
        return True

    def version(self, key: str) -> str:
        """Return the version of any object in the store; ``""`` if there is none."""
        stat = self.store.head(key)
        return stat.version if stat else ""

    def attempts(self, key: str, kind: type[S]) -> Iterator[Attempt[S]]:
        """Yield attempts to replace a state object until one of them has written it.

            for attempt in state.attempts(key, Record):
                with attempt:
                    attempt.write(next_value(attempt.old))

        Each attempt reads the object first. So everything that the block reads is newer than
        `attempt.old` (rule 1). A Conflict inside the block ends the attempt: it is counted, the
        worker waits (`Runtime.back_off`), and the next attempt reads the object again. Raises
        Conflict after `MAX_ATTEMPTS`.
        """
        for number in range(MAX_ATTEMPTS):
            attempt = Attempt(self, key, number, self.read(key, kind))
            yield attempt
            if attempt.is_done:
                return
        raise Conflict(f"{key}: gave up after {MAX_ATTEMPTS} conflicting writes")

    def replace(self, key: str, old: Versioned[S], new: S) -> Versioned[S]:
        """Write `new`, with a new token (rule 3), over the version that `old` was read at.

        Returns the written object. Raises Conflict if the object has changed since. If the reply to
        the write was lost and the client sent the request again, the second request conflicts
        with the first. The token in the object shows that; then the write has succeeded.
        """
        signed = self.signed(new)
        try:
            return Versioned(self._put(key, signed, old.version), signed)
        except Conflict:
            stored = self.read(key, type(signed))
            if stored.value.token == signed.token:
                return stored
            raise

    def signed(self, new: S) -> S:
        """Return the object with a new token."""
        return replace(new, token=self.runtime.token())

    def _put(self, key: str, new: S, version: str) -> str:
        return self.store.put(key, encode(new), mode=if_unchanged(version), media_type=JSON)

    def record_conflict(self, key: str, attempt: int) -> None:
        """Count a conflict over an object, then wait (back-off)."""
        self.conflicts.append(key)
        self.runtime.back_off(attempt)


class Attempt(Generic[S]):
    """One attempt to replace a state object (`StateStore.attempts`)."""

    def __init__(self, state: StateStore, key: str, number: int, old: Versioned[S]) -> None:
        self._state, self._key, self._number, self._old = state, key, number, old
        self._written: Versioned[S] | None = None

    @property
    def old(self) -> S:
        """The object that is to be replaced."""
        return self._old.value

    @property
    def is_done(self) -> bool:
        """Whether the object was written."""
        return self._written is not None

    @property
    def written(self) -> Versioned[S]:
        """The object as it was written; only after the loop."""
        assert self._written is not None
        return self._written

    def write(self, new: S) -> None:
        """Replace the object; the last step of the block. Raises Conflict."""
        self._written = self._state.replace(self._key, self._old, new)

    def __enter__(self) -> None:
        """Begin the block."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        """End the block. After a Conflict, count it, wait, and let the loop go on."""
        if not isinstance(error, Conflict):
            return False
        self._state.record_conflict(self._key, self._number)
        return True
