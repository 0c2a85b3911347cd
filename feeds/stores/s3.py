"""A store in an S3 bucket. No other module sees boto3's S3 client and its errors.

S3 has three kinds of error replies:

- the object does not exist (404): reads return None, an update raises VersionMismatch;
- another writer was quicker: a create raises AlreadyExists and an update VersionMismatch (412), or
  both raise Conflict (409: another conditional write of the key is in progress);
- all others: Denied (401, 403), Unavailable (5xx, 429, timeouts, broken connections, after the
  retries of the SDK), or StoreError with what to do.

A reply that breaks off is Unavailable too, wherever it breaks off. boto3 does not notice when it
breaks off between two headers: then it lacks some of them, or the last one is cut.

The reply to a HEAD has no body, so only its status is known: a missing bucket looks like a missing
object. S3 lists keys in the order of their bytes. Some servers do not: SeaweedFS lists folder by
folder, ``a/b`` before ``a-b``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import boto3
import urllib3.exceptions
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.exceptions import ConnectionError as NoConnectionError
from botocore.parsers import ResponseParserError

from feeds.errors import (
    AlreadyExists,
    Conflict,
    Denied,
    StoreError,
    TooLarge,
    Unavailable,
    VersionMismatch,
)
from feeds.stores.base import Object, PutMode, Stat, Update, key_error

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import PutObjectRequestTypeDef

CONNECT_SECONDS, READ_SECONDS = 3, 10
"""How long a connection may take, and how long a server may be silent. One attempt of a read ends
after the sum of both. feeds/aws/isolation.py gives a message more than that."""

CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 5},
    connect_timeout=CONNECT_SECONDS,
    read_timeout=READ_SECONDS,
    max_pool_connections=64,
    # Since 1.36 boto3 adds checksums to every request, which other servers do not support.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)


BROKEN_REPLY = (ResponseParserError, urllib3.exceptions.HTTPError, KeyError, ValueError)
"""The errors that leave boto3 as they are when a reply breaks off between two headers, or in the
body of an error."""


class S3Store:
    """The objects of a bucket under `prefix`, the name of a folder with or without its last ``/``.

    A version is the ETag of an object without its quotes. It is a hash of the bytes for most
    objects, so equal bytes have equal versions.
    """

    def __init__(self, bucket: str, prefix: str = "", client: S3Client | None = None) -> None:
        folder = prefix.strip("/")
        self._bucket = bucket
        self._prefix = f"{folder}/" if folder else ""
        self.is_remote = self.is_shared = True
        self.url = f"s3://{bucket}/{folder}".rstrip("/")
        if client is None:
            try:
                client = boto3.client("s3", config=CONFIG)
            except (BotoCoreError, ValueError) as error:
                raise StoreError(f"{self.url}: boto3 is not set up for S3: {error}") from error
        self._client = client

    def get(self, key: str, limit: int | None = None) -> Object | None:
        """Read an object; see Store."""
        if not key or key_error(self._prefix + key):
            return None
        address = self._address(key)
        try:
            with _translate_errors(address):
                reply = self._client.get_object(Bucket=self._bucket, Key=self._prefix + key)
                with closing(reply["Body"]) as body:
                    size = reply["ContentLength"]
                    if limit is not None and size > limit:
                        raise TooLarge(
                            f"{address}: the object has {size:,} bytes, more than {limit:,}"
                        )
                    data = body.read()  # `size` bytes: not more by HTTP, not less by botocore
                return Object(data, _stat(key, reply["ETag"], size, reply["LastModified"]))
        except _MissingError:
            return None

    def get_start(self, key: str, size: int) -> bytes | None:
        """Read the first bytes of an object, with a Range request; see Store."""
        if not key or key_error(self._prefix + key):
            return None
        try:
            with _translate_errors(self._address(key)):
                reply = self._client.get_object(
                    Bucket=self._bucket, Key=self._prefix + key, Range=f"bytes=0-{size - 1}"
                )
                with closing(reply["Body"]) as body:
                    return body.read()[:size]
        except _EmptyError:
            return b""
        except _MissingError:
            return None

    def head(self, key: str) -> Stat | None:
        """Return the stat of an object; see Store."""
        if not key or key_error(self._prefix + key):
            return None
        try:
            with _translate_errors(self._address(key)):
                reply = self._client.head_object(Bucket=self._bucket, Key=self._prefix + key)
                return _stat(key, reply["ETag"], reply["ContentLength"], reply["LastModified"])
        except _MissingError:
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

        The SDK sends a request again if its reply is lost. A conditional write that had succeeded
        the first time then raises AlreadyExists or VersionMismatch.
        """
        if problem := key_error(key) or key_error(self._prefix + key):
            raise StoreError(f"{self._address(key)!r}: {problem}")
        request: PutObjectRequestTypeDef = {
            "Bucket": self._bucket,
            "Key": self._prefix + key,
            "Body": data,
            "ContentType": media_type,
        }
        if cache_control:
            request["CacheControl"] = cache_control
        if isinstance(mode, Update):
            request["IfMatch"] = f'"{mode.version}"'
        elif mode == "create":
            request["IfNoneMatch"] = "*"
        try:
            with _translate_errors(self._address(key)):
                return _version(self._client.put_object(**request)["ETag"])
        except (_MissingError, _PreconditionError) as error:
            if isinstance(mode, Update):
                raise VersionMismatch(str(error)) from error
            if mode == "create" and isinstance(error, _PreconditionError):
                raise AlreadyExists(str(error)) from error
            raise

    def delete(self, key: str) -> None:
        """Delete an object; see Store."""
        if not key or key_error(self._prefix + key):
            return
        try:
            with _translate_errors(self._address(key)):
                self._client.delete_object(Bucket=self._bucket, Key=self._prefix + key)
        except _MissingError:
            pass

    def list(self, prefix: str = "") -> Iterator[Stat]:
        """Yield the stats under `prefix`, with one request for 1,000 objects; see Store."""
        paginator = self._client.get_paginator("list_objects_v2")
        with _translate_errors(self._address(prefix)):
            for page in paginator.paginate(Bucket=self._bucket, Prefix=self._prefix + prefix):
                # An empty reply is not an empty bucket: every whole listing says if it is the last.
                _ = page["IsTruncated"]
                for object_ in page.get("Contents", ()):
                    # "Create folder" in a console creates an object with the name of the folder.
                    if key := object_["Key"].removeprefix(self._prefix):
                        yield _stat(key, object_["ETag"], object_["Size"], object_["LastModified"])

    def _address(self, key: str) -> str:
        return f"{self.url}/{key}"


class _MissingError(StoreError):
    """The object does not exist. The methods of S3Store catch it."""


class _EmptyError(StoreError):
    """The object has no bytes, so it has no range (RFC 9110, 15.5.17)."""


class _PreconditionError(Conflict):
    """The condition of a write does not hold. `put` says which condition."""


_BY_STATUS: dict[int, type[StoreError]] = {
    401: Denied,
    403: Denied,
    404: _MissingError,
    408: Unavailable,
    409: Conflict,
    412: _PreconditionError,
    416: _EmptyError,
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


@contextmanager
def _translate_errors(address: str) -> Iterator[None]:
    """Translate errors of boto3 into errors of this package."""
    try:
        yield
    except ClientError as error:
        raise _store_error(error, address) from error
    except (NoConnectionError, HTTPClientError, IncompleteReadError) as error:
        raise Unavailable(f"{address}: {error}") from error
    except BROKEN_REPLY as error:
        what = f"{type(error).__name__}: {error}"
        raise Unavailable(f"{address}: the reply broke off ({what}); try again") from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise StoreError(
            f"{address}: {error}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, "
            "or give the function a role"
        ) from error
    except BotoCoreError as error:
        raise StoreError(f"{address}: {error}") from error


def _store_error(error: ClientError, address: str) -> StoreError:
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    code = error.response["Error"].get("Code", "")
    message = error.response["Error"].get("Message", "")
    other = Unavailable if status >= 500 else StoreError
    type_, todo = _BY_CODE.get(code, (_BY_STATUS.get(status, other), ""))
    reply = f"{status} {code}" if code not in ("", str(status)) else str(status)
    remedy = f"; {todo}" if todo else ""
    return type_(f"{address}: the store answered {reply}: {message}{remedy}")


def _version(etag: str) -> str:
    """The version in an ETag. Raises ValueError if the ETag is cut."""
    if etag.startswith('"') != etag.endswith('"') or not etag.strip('"'):
        raise ValueError(f"the ETag is {etag!r}")
    return etag.strip('"')


def _stat(key: str, etag: str, size: int, modified: datetime) -> Stat:
    """The stat in the headers of a reply. Raises ValueError if one is cut."""
    if modified.tzinfo is None:
        raise ValueError(f"the time {modified} has no zone")
    return Stat(key, _version(etag), size, modified.astimezone(UTC).replace(microsecond=0))
