"""Checks whether a store supports what publishing needs (`feeds doctor`).

Many servers speak S3, and few document which parts they leave out. If a server ignores the
condition of a write, posts are lost much later, without a message. So each requirement is probed
with a few small objects, under a prefix of their own that is deleted afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from feeds import paths
from feeds.errors import Denied, StoreError
from feeds.runtime import Runtime
from feeds.stores import probes
from feeds.stores.base import PutMode, Store
from feeds.stores.prefixed import Prefixed


class CheckResult(NamedTuple):
    """The result of one probe."""

    need: str
    """The requirement."""
    seen: str
    """What the store did wrong; ``""`` if it meets the requirement."""
    means: str
    """What would happen to posts or feeds in such a store."""
    todo: str
    """What to do about it."""

    def __str__(self) -> str:
        if not self.seen:
            return f"ok     {self.need}"
        return f"FAIL   {self.need}: {self.seen}; {self.means}; {self.todo}"


def check_store(store: Store, runtime: Runtime) -> Iterator[CheckResult]:
    """Probe one requirement of publishing after the other.

    Raises StoreError if nothing can be written (the bucket is missing or denied), or if the objects
    of the check cannot be removed.
    """
    scratch = _ScratchStore(store, f"{paths.STATE}doctor-{runtime.token()}/")
    try:
        scratch.put("first", b"Written by feeds doctor, which removes it again.")
    except Denied as error:
        raise Denied(f"{error}; the check must write objects: {_GRANT}") from error
    try:
        for need, probe, means, todo in _REQUIREMENTS:
            yield CheckResult(need, _run_probe(probe, scratch, runtime), means, todo)
    finally:
        scratch.clear()


class _ScratchStore(Prefixed):
    """A part of a store that remembers its keys, to remove its objects again."""

    def __init__(self, store: Store, prefix: str) -> None:
        super().__init__(store, prefix)
        self._keys: set[str] = set()

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
        self._keys.add(key)
        return super().put(key, data, mode=mode, media_type=media_type, cache_control=cache_control)

    def clear(self) -> None:
        """Remove all objects that were written. Raises StoreError if one cannot be removed."""
        try:
            for key in sorted(self._keys):
                self.delete(key)
        except StoreError as error:
            raise StoreError(f"{error}; remove the objects of the check: {self.url}") from error


def _run_probe(probe: probes.Probe, store: Store, runtime: Runtime) -> str:
    try:
        return probe(store, runtime)
    except StoreError as error:
        return str(error)


_GRANT = "grant s3:GetObject, s3:PutObject, s3:DeleteObject, and s3:ListBucket on the bucket"
_OTHER_STORE = "use another store, or a newer version of this server"
_LOST_UPDATES = "concurrent uploads would overwrite each other"

_REQUIREMENTS: tuple[tuple[str, probes.Probe, str, str], ...] = (
    (
        "a missing object is reported as missing",
        probes.probe_missing_object,
        "a deleted post would look like a post that may not be read",
        "grant s3:ListBucket on the bucket, without which S3 answers 403 in place of 404",
    ),
    (
        "a read returns the last write",
        probes.probe_read_after_write,
        "an edit could publish the old text",
        _OTHER_STORE,
    ),
    (
        "different bytes have different versions",
        probes.probe_versions,
        _LOST_UPDATES,
        _OTHER_STORE,
    ),
    (
        "an object can be created only once",
        probes.probe_create,
        "the first posts of a feed would overwrite each other",
        _OTHER_STORE,
    ),
    (
        "the version that was read can be replaced",
        probes.probe_update,
        "nothing could be published a second time",
        _OTHER_STORE,
    ),
    (
        "an old version cannot be replaced",
        probes.probe_stale_update,
        _LOST_UPDATES,
        _OTHER_STORE,
    ),
    (
        "a version of a deleted object cannot be replaced",
        probes.probe_update_of_deleted,
        "deleted objects would come back",
        _OTHER_STORE,
    ),
    (
        "exactly one concurrent writer creates an object",
        probes.probe_concurrent_create,
        _LOST_UPDATES,
        _OTHER_STORE,
    ),
    (
        "exactly one concurrent writer replaces a version",
        probes.probe_concurrent_update,
        _LOST_UPDATES,
        _OTHER_STORE,
    ),
    (
        "a listing shows the last write",
        probes.probe_listing_after_write,
        "a rebuild or an audit would miss posts",
        "grant s3:ListBucket if it is denied; else " + _OTHER_STORE,
    ),
    (
        "a deleted object is gone at once",
        probes.probe_delete,
        "deleted posts would stay in feeds",
        "grant s3:DeleteObject if it is denied; else " + _OTHER_STORE,
    ),
    (
        "keys with special characters are kept as they are",
        probes.probe_special_keys,
        "posts with such keys would be mixed up or lost",
        _OTHER_STORE + ", and check the proxies in front of it",
    ),
    (
        "a read can be limited in size",
        probes.probe_read_limit,
        "one huge file among the posts could stop the function",
        _OTHER_STORE,
    ),
)
"""The requirement, its probe, the consequence for posts or feeds, and what to do."""
