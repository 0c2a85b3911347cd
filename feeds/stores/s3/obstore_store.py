"""A store in an S3 bucket, through obstore (Rust's object_store). No other module sees obstore.

obstore does the reads and writes. boto3 does what obstore cannot do as it must be done here:

- Listings. obstore lists whole folders only, changes keys that end in ``/``, fails at keys with
  ``//``, and takes a cut reply for the end.
- Keys that obstore refuses or changes (`is_plain`).
- Servers that send a request elsewhere, to another region, or that ignore the range of a read.

obstore never sends a request again by itself (`max_retries`: 0): it would repeat a conditional
write after a 409, and not after a timeout. This store repeats all requests alike.
"""

from __future__ import annotations

import contextlib
import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import obstore
import obstore.store
from obstore.exceptions import BaseError

from feeds.errors import StoreError, TooLarge, Unavailable
from feeds.stores.base import Object, PutMode, Stat, Store, Update, key_error
from feeds.stores.s3.connection import Connection, Credentials
from feeds.stores.s3.obstore_errors import ByBoto3, translated
from feeds.stores.s3.replies import (
    ATTEMPTS,
    ObjectMissing,
    RangeEmpty,
    stat_of,
    version_of,
    write_error,
)

if TYPE_CHECKING:
    from obstore import Attributes, ObjectMeta
    from obstore import PutMode as ObstorePutMode

T = TypeVar("T")

LARGE = 65_536
"""Writes of more bytes than this may take LARGE_SECONDS. obstore cannot tell a slow line from a
silent server: the time in which a server may be silent runs from the start of the request."""
LARGE_SECONDS = 60

WHOLE_SECONDS = 600
"""The time for one request, however slowly its reply arrives."""

IDLE_SECONDS = 20
"""How long an unused connection is kept."""

WAITS = (0.1, 1.0, 2.0, 4.0)
"""The longest waits in seconds before the second attempt, the third, and so on. The first one is
short: most often the server has closed a connection that was idle."""

_SEGMENT = re.compile(r"[\x00-\x1f\x7f]|(?:\A|/)\.{0,2}(?:/|\Z)")


def is_plain(key: str) -> bool:
    """Whether obstore sends a key as it is.

    It refuses ASCII control characters, empty segments, ``.`` and ``..``, and it removes a slash at
    either end.
    """
    return not _SEGMENT.search(key)


class ObstoreStore:
    """The objects of a bucket under `prefix`, the name of a folder with or without its last ``/``.

    A version is the ETag of an object without its quotes, as in Boto3Store. `by_boto3` returns the
    store that does what obstore cannot do; it is called when that is needed. Raises BaseError of
    obstore if the client cannot be made.
    """

    def __init__(
        self,
        bucket: str,
        prefix: str,
        connection: Connection,
        by_boto3: Callable[[], Store],
        attempts: int = ATTEMPTS,
    ) -> None:
        folder = prefix.strip("/")
        self._prefix = f"{folder}/" if folder else ""
        self._bucket, self._connection, self._attempts = bucket, connection, attempts
        self._server = "/".join(connection.address.split("/")[:3])
        self._lock = threading.RLock()
        self._open_boto3 = by_boto3
        self._boto3: Store | None = None
        self._left = False
        self._credentials = connection.credentials()
        self._clients = {False: self._connect(self._credentials, connection.read_seconds)}
        self.is_remote = self.is_shared = True
        self.url = f"s3://{bucket}/{folder}".rstrip("/")

    def get(self, key: str, limit: int | None = None) -> Object | None:
        """Read an object; see Store."""

        def read(client: obstore.store.S3Store) -> Object:
            reply = obstore.get(client, self._prefix + key)
            size = reply.meta["size"]
            if limit is not None and size > limit:
                address = self._address(key)
                raise TooLarge(f"{address}: the object has {size:,} bytes, more than {limit:,}")
            data = bytes(reply.bytes())
            if len(data) != size:
                raise ValueError(f"{len(data):,} of {size:,} bytes")
            return Object(data, _stat(key, reply.meta))

        try:
            return self._send(key, read, lambda other: other.get(key, limit))
        except ObjectMissing:
            return None

    def get_start(self, key: str, size: int) -> bytes | None:
        """Read the first bytes of an object, with a Range request; see Store."""

        def read(client: obstore.store.S3Store) -> bytes:
            reply = obstore.get(client, self._prefix + key, options={"range": (0, size)})
            return bytes(reply.bytes())

        try:
            return self._send(key, read, lambda other: other.get_start(key, size))
        except RangeEmpty:
            return b""
        except ObjectMissing:
            return None

    def head(self, key: str) -> Stat | None:
        """Return the stat of an object; see Store."""

        def read(client: obstore.store.S3Store) -> Stat:
            return _stat(key, obstore.head(client, self._prefix + key))

        try:
            return self._send(key, read, lambda other: other.head(key))
        except ObjectMissing:
            return None

    def put(
        self,
        key: str,
        data: bytes,
        *,
        mode: PutMode = "overwrite",
        media_type: str = "application/octet-stream",
        cache_control: str = "",
    ) -> str:
        """Write an object; see Store.

        The request is sent again if its reply is lost. A conditional write that had succeeded the
        first time then raises AlreadyExists or VersionMismatch.
        """
        if problem := key_error(key) or key_error(self._prefix + key):
            raise StoreError(f"{self._address(key)!r}: {problem}")
        attributes: Attributes = {"Content-Type": media_type}
        if cache_control:
            attributes["Cache-Control"] = cache_control
        condition: ObstorePutMode = (
            {"e_tag": f'"{mode.version}"'} if isinstance(mode, Update) else mode
        )

        def write(client: obstore.store.S3Store) -> str:
            reply = obstore.put(
                client,
                self._prefix + key,
                data,
                attributes=attributes,
                mode=condition,
                use_multipart=False,
            )
            return version_of(reply["e_tag"] or "")

        def write_by_boto3(other: Store) -> str:
            return other.put(
                key, data, mode=mode, media_type=media_type, cache_control=cache_control
            )

        try:
            return self._send(key, write, write_by_boto3, large=len(data) > LARGE)
        except StoreError as error:
            wrong = write_error(error, mode)
            if wrong is error:
                raise
            raise wrong from error

    def delete(self, key: str) -> None:
        """Delete an object; see Store."""

        def remove(client: obstore.store.S3Store) -> None:
            obstore.delete(client, self._prefix + key)

        with contextlib.suppress(ObjectMissing):
            self._send(key, remove, lambda other: other.delete(key))

    def list(self, prefix: str = "") -> Iterator[Stat]:
        """Yield the stats under `prefix`, with one request for 1,000 objects; see Store."""
        return self._other().list(prefix)

    def _send(
        self,
        key: str,
        send: Callable[[obstore.store.S3Store], T],
        by_boto3: Callable[[Store], T],
        *,
        large: bool = False,
    ) -> T:
        """Send a request until there is an answer; at most as often as this store tries.

        `by_boto3` does the same with the other store. Raises StoreError: ObjectMissing for an
        object that does not exist, or a key that cannot exist.
        """
        if not key or key_error(self._prefix + key):
            raise ObjectMissing(f"{self._address(key)!r}: there is no such key")
        if self._left or not is_plain(self._prefix + key):
            return by_boto3(self._other())
        for wait in (*WAITS[: self._attempts - 1], None):
            client = self._client(large)
            try:
                return send(client)
            except (BaseError, OSError, ValueError) as error:
                failure = translated(error, self._address(key), self._server)
                if isinstance(failure, ByBoto3):
                    self._left |= failure.for_good
                    return by_boto3(self._other())
                if wait is None or not isinstance(failure, Unavailable):
                    raise failure from error
            time.sleep(random.uniform(0, wait))
        raise AssertionError("the last attempt returns or raises")

    def _client(self, large: bool) -> obstore.store.S3Store:
        """The client for a write of many bytes, or for all other requests."""
        credentials = self._connection.credentials()
        with self._lock:
            if credentials != self._credentials:
                self._credentials, self._clients = credentials, {}
            if large not in self._clients:
                seconds = LARGE_SECONDS if large else self._connection.read_seconds
                self._clients[large] = self._connect(credentials, seconds)
            return self._clients[large]

    def _connect(self, credentials: Credentials, read_seconds: float) -> obstore.store.S3Store:
        """A client. What is not said here, obstore would take from the environment."""
        address = self._connection.address
        signer: obstore.store.S3Credential = {
            "access_key_id": credentials.access_key,
            "secret_access_key": credentials.secret_key,
            "token": credentials.token or None,
            "expires_at": None,
        }
        return obstore.store.S3Store(
            self._bucket,
            config={
                "aws_endpoint_url_s3": address,
                "virtual_hosted_style_request": True,  # the address has the bucket already
                "region": self._connection.region,
                "conditional_put": "etag",
                "disable_bulk_delete": True,
                "skip_signature": False,
                # As boto3: TLS protects the bytes, and a hash of them costs more than sending them.
                "unsigned_payload": address.startswith("https:"),
                "s3_express": False,
            },
            client_options={
                "allow_http": address.startswith("http:"),
                "connect_timeout": timedelta(seconds=self._connection.connect_seconds),
                "read_timeout": timedelta(seconds=read_seconds),
                "timeout": timedelta(seconds=WHOLE_SECONDS),
                "pool_idle_timeout": timedelta(seconds=IDLE_SECONDS),
            },
            retry_config={"max_retries": 0},
            credential_provider=lambda: signer,
        )

    def _other(self) -> Store:
        with self._lock:
            if self._boto3 is None:
                self._boto3 = self._open_boto3()
            return self._boto3

    def _address(self, key: str) -> str:
        return f"{self.url}/{key}"


def _stat(key: str, meta: ObjectMeta) -> Stat:
    """The stat in the headers of a reply. Raises ValueError if one is missing."""
    modified = meta["last_modified"]
    if modified.timestamp() == 0:  # obstore's value for a reply without the header
        raise ValueError("there is no Last-Modified")
    return stat_of(key, meta["e_tag"] or "", meta["size"], modified)
