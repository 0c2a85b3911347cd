"""Owns S3: the only module that knows boto3 and its errors. What objects mean is not known here.

S3 answers in three ways, and each becomes one thing for the caller:

- the object is not there (404): None on reads, VersionMismatch where one was to be replaced;
- another writer was first (412, 409): AlreadyExists, VersionMismatch, or Conflict where the reply
  does not tell which (409: another conditional write is in progress);
- anything else: Denied (401, 403), Unavailable (5xx, 429, timeouts, broken connections, after the
  SDK's own retries), or StoreError with what to do.

The answer to a HEAD has no body, so it tells by its status alone: a missing bucket looks like a
missing object there. S3 lists keys in the order of their bytes. Not every server that speaks S3
does: SeaweedFS goes folder by folder, ``a/b`` before ``a-b``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import boto3
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

CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 5},
    connect_timeout=3,
    read_timeout=15,
    max_pool_connections=64,
    # Since 1.36 boto3 adds its own checksums to every request, which other stores do not know.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)


class S3Store:
    """The objects of a bucket under `prefix`, a folder's name with or without its last ``/``.

    A version is the object's ETag without its quotes: for most objects a hash of the bytes, so
    equal bytes have equal versions.
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
        at = self._at(key)
        try:
            with _translated(at):
                answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + key)
                with closing(answer["Body"]) as body:
                    size = answer["ContentLength"]
                    if limit is not None and size > limit:
                        raise TooLarge(f"{at}: the object has {size:,} bytes, more than {limit:,}")
                    data = body.read()  # HTTP gives no more than `size`, botocore no less
        except _MissingError:
            return None
        return Object(data, _stat(key, answer["ETag"], size, answer["LastModified"]))

    def head(self, key: str) -> Stat | None:
        """Say what an object is; see Store."""
        if not key or key_error(self._prefix + key):
            return None
        try:
            with _translated(self._at(key)):
                answer = self._client.head_object(Bucket=self._bucket, Key=self._prefix + key)
        except _MissingError:
            return None
        return _stat(key, answer["ETag"], answer["ContentLength"], answer["LastModified"])

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

        The SDK sends a request again when its reply does not come. A conditional write that had
        succeeded the first time then raises Conflict.
        """
        if problem := key_error(key) or key_error(self._prefix + key):
            raise StoreError(f"{self._at(key)!r}: {problem}")
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
            with _translated(self._at(key)):
                answer = self._client.put_object(**request)
        except (_MissingError, _PreconditionError) as error:
            if isinstance(mode, Update):
                raise VersionMismatch(str(error)) from error
            if mode == "create" and isinstance(error, _PreconditionError):
                raise AlreadyExists(str(error)) from error
            raise
        return _version(answer["ETag"])

    def delete(self, key: str) -> None:
        """Remove an object; see Store."""
        if not key or key_error(self._prefix + key):
            return
        try:
            with _translated(self._at(key)):
                self._client.delete_object(Bucket=self._bucket, Key=self._prefix + key)
        except _MissingError:
            pass

    def list(self, prefix: str = "") -> Iterator[Stat]:
        """Yield what is under `prefix`, 1,000 objects a request; see Store."""
        paginator = self._client.get_paginator("list_objects_v2")
        with _translated(self._at(prefix)):
            for page in paginator.paginate(Bucket=self._bucket, Prefix=self._prefix + prefix):
                for found in page.get("Contents", ()):
                    # A console's "create folder" leaves an object with the folder's own name.
                    if key := found["Key"].removeprefix(self._prefix):
                        yield _stat(key, found["ETag"], found["Size"], found["LastModified"])

    def _at(self, key: str) -> str:
        return f"{self.url}/{key}"


class _MissingError(StoreError):
    """There is no such object; never leaves this module."""


class _PreconditionError(Conflict):
    """The condition of a write does not hold: `put` says which one."""


_BY_STATUS: dict[int, type[StoreError]] = {
    401: Denied,
    403: Denied,
    404: _MissingError,
    408: Unavailable,
    409: Conflict,
    412: _PreconditionError,
    429: Unavailable,
    501: StoreError,
}

# Where the code says more than the status (S3 API Reference, "Error responses").
_BY_CODE: dict[str, tuple[type[StoreError], str]] = {
    "NoSuchBucket": (StoreError, "create the bucket, or check its name and AWS_ENDPOINT_URL"),
    "RequestTimeout": (Unavailable, ""),
    "SlowDown": (Unavailable, ""),
    "NotImplemented": (StoreError, "this store lacks conditional writes, which feeds need"),
    "ExpiredToken": (Denied, "get new credentials"),
    "InvalidAccessKeyId": (Denied, "check AWS_ACCESS_KEY_ID and AWS_ENDPOINT_URL"),
    "SignatureDoesNotMatch": (Denied, "check AWS_SECRET_ACCESS_KEY"),
    "RequestTimeTooSkewed": (Denied, "set this machine's clock"),
}


@contextmanager
def _translated(at: str) -> Iterator[None]:
    """Say with the package's errors what boto3 says with its own."""
    try:
        yield
    except ClientError as error:
        raise _error(error, at) from error
    except (NoConnectionError, HTTPClientError, IncompleteReadError) as error:
        raise Unavailable(f"{at}: {error}") from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise StoreError(
            f"{at}: {error}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, "
            "or give the function a role"
        ) from error
    except BotoCoreError as error:
        raise StoreError(f"{at}: {error}") from error


def _error(error: ClientError, at: str) -> StoreError:
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    code = error.response["Error"].get("Code", "")
    message = error.response["Error"].get("Message", "")
    other = Unavailable if status >= 500 else StoreError
    kind, todo = _BY_CODE.get(code, (_BY_STATUS.get(status, other), ""))
    said = f"{status} {code}" if code not in ("", str(status)) else str(status)
    return kind(f"{at}: the store answered {said}: {message}" + (f"; {todo}" if todo else ""))


def _version(etag: str) -> str:
    return etag.strip('"')


def _stat(key: str, etag: str, size: int, modified: datetime) -> Stat:
    return Stat(key, _version(etag), size, modified.astimezone(UTC).replace(microsecond=0))
