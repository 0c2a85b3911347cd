"""The error replies of S3 -> the errors of this package, with what to do; for both clients.

S3 has three kinds of error replies:

- the object does not exist (404): reads return None, an update raises VersionMismatch;
- another writer was quicker: a create raises AlreadyExists and an update VersionMismatch (412), or
  both raise Conflict (409: another conditional write of the key is in progress);
- all others: Denied (401, 403), Unavailable (5xx, 429, timeouts, broken connections, after some
  retries), or StoreError with what to do.

The reply to a HEAD has no body, so only its status is known: a missing bucket looks like a missing
object.
"""

from __future__ import annotations

from datetime import UTC, datetime

from feeds.errors import (
    AlreadyExists,
    Conflict,
    Denied,
    StoreError,
    Unavailable,
    VersionMismatch,
)
from feeds.stores.base import PutMode, Stat, Update

CONNECT_SECONDS, READ_SECONDS = 3, 10
"""How long a connection may take, and how long a server may be silent. One attempt of a read ends
after the sum of both. feeds/aws/isolation.py gives a message more than that."""

ATTEMPTS = 5
"""How often a request is sent if there is no reply, or one that says to try again."""


class ObjectMissing(StoreError):  # noqa: N818
    """The object does not exist. The methods of the stores catch it."""


class RangeEmpty(StoreError):  # noqa: N818
    """The object has no bytes, so it has no range (RFC 9110, 15.5.17)."""


class PreconditionFailed(Conflict):
    """The condition of a write does not hold. `write_error` says which condition."""


_BY_STATUS: dict[int, type[StoreError]] = {
    401: Denied,
    403: Denied,
    404: ObjectMissing,
    408: Unavailable,
    409: Conflict,
    412: PreconditionFailed,
    416: RangeEmpty,
    429: Unavailable,
    501: StoreError,
}

# Codes that say more than the status (S3 API Reference, "Error responses").
_BY_CODE: dict[str, tuple[type[StoreError], str]] = {
    "NoSuchBucket": (StoreError, "create the bucket, or check its name and AWS_ENDPOINT_URL"),
    "RequestTimeout": (Unavailable, ""),
    "SlowDown": (Unavailable, ""),
    "NotImplemented": (
        StoreError,
        "this store does not support conditional writes, which feeds need",
    ),
    "ExpiredToken": (Denied, "get new credentials"),
    "InvalidAccessKeyId": (Denied, "check AWS_ACCESS_KEY_ID and AWS_ENDPOINT_URL"),
    "SignatureDoesNotMatch": (Denied, "check AWS_SECRET_ACCESS_KEY"),
    "RequestTimeTooSkewed": (Denied, "set the clock of this machine"),
}


def reply_error(status: int, code: str, message: str, address: str) -> StoreError:
    """The error for an error reply with this HTTP status.

    `code` and `message` are those of the XML in its body, or ``""``; `address` is the object's.
    """
    other = Unavailable if status >= 500 else StoreError
    type_, todo = _BY_CODE.get(code, (_BY_STATUS.get(status, other), ""))
    reply = f"{status} {code}" if code not in ("", str(status)) else str(status)
    remedy = f"; {todo}" if todo else ""
    return type_(f"{address}: the store answered {reply}: {message}{remedy}")


def broken_reply(address: str, what: str) -> Unavailable:
    """The error for a reply that broke off; `what` says what is missing."""
    return Unavailable(f"{address}: the reply broke off ({what}); try again")


def write_error(error: StoreError, mode: PutMode) -> StoreError:
    """The error of a write in this mode (`Store.put`) for the error of its reply."""
    if isinstance(mode, Update) and isinstance(error, ObjectMissing | PreconditionFailed):
        return VersionMismatch(str(error))
    if mode == "create" and isinstance(error, PreconditionFailed):
        return AlreadyExists(str(error))
    return error


def version_of(etag: str) -> str:
    """The version in an ETag. Raises ValueError if the ETag is cut."""
    if etag.startswith('"') != etag.endswith('"') or not etag.strip('"'):
        raise ValueError(f"the ETag is {etag!r}")
    return etag.strip('"')


def stat_of(key: str, etag: str, size: int, modified: datetime) -> Stat:
    """The stat in the headers of a reply. Raises ValueError if one is cut."""
    if modified.tzinfo is None:
        raise ValueError(f"the time {modified} has no zone")
    return Stat(key, version_of(etag), size, modified.astimezone(UTC).replace(microsecond=0))
