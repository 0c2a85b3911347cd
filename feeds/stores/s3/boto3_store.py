"""A store in an S3 bucket, through boto3. No other module sees boto3's S3 client and its errors.

A reply that breaks off is Unavailable, wherever it breaks off. boto3 does not notice when it breaks
off between two headers: then it lacks some of them, or the last one is cut.

S3 lists keys in the order of their bytes. Some servers do not: SeaweedFS lists folder by folder,
``a/b`` before ``a-b``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

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
from botocore.session import Session, get_session
from botocore.utils import parse_timestamp

from feeds.errors import StoreError, TooLarge, Unavailable
from feeds.stores.base import Object, PutMode, Stat, Update, key_error
from feeds.stores.s3.replies import (
    ATTEMPTS,
    CONNECT_SECONDS,
    READ_SECONDS,
    ObjectMissing,
    RangeEmpty,
    broken_reply,
    reply_error,
    stat_of,
    version_of,
    write_error,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import PutObjectRequestTypeDef

CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    connect_timeout=CONNECT_SECONDS,
    read_timeout=READ_SECONDS,
    max_pool_connections=64,
    # Since 1.36 boto3 adds checksums to every request, which other servers do not support.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)


def new_client(address: str) -> tuple[Session, S3Client]:
    """A session of botocore and an S3 client with `CONFIG`. Raises StoreError.

    `address` is for messages.
    """
    try:
        session = get_session()
        parsers = session.get_component("response_parser_factory")
        parsers.set_parser_defaults(timestamp_parser=_time)
        return session, cast("S3Client", session.create_client("s3", config=CONFIG))
    except (BotoCoreError, ValueError) as error:
        raise StoreError(f"{address}: boto3 is not set up for S3: {error}") from error


def _time(text: Any) -> datetime:
    """The time in a reply. boto3's own parser takes three quarters of the time of a listing."""
    try:
        return datetime.fromisoformat(text)  # in listings
    except (TypeError, ValueError):
        return parse_timestamp(text)


BROKEN_REPLY = (ResponseParserError, urllib3.exceptions.HTTPError, KeyError, ValueError)
"""The errors that leave boto3 as they are when a reply breaks off between two headers, or in the
body of an error."""


class Boto3Store:
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
            _, client = new_client(self.url)
        self._client = client

    def get(self, key: str, limit: int | None = None) -> Object | None:
        """Read an object; see Store."""
        if not key or key_error(self._prefix + key):
            return None
        address = self._address(key)
        try:
            with translated_errors(address):
                reply = self._client.get_object(Bucket=self._bucket, Key=self._prefix + key)
                with closing(reply["Body"]) as body:
                    size = reply["ContentLength"]
                    if limit is not None and size > limit:
                        raise TooLarge(
                            f"{address}: the object has {size:,} bytes, more than {limit:,}"
                        )
                    data = body.read()  # `size` bytes: not more by HTTP, not less by botocore
                return Object(data, stat_of(key, reply["ETag"], size, reply["LastModified"]))
        except ObjectMissing:
            return None

    def get_start(self, key: str, size: int) -> bytes | None:
        """Read the first bytes of an object, with a Range request; see Store."""
        if not key or key_error(self._prefix + key):
            return None
        try:
            with translated_errors(self._address(key)):
                reply = self._client.get_object(
                    Bucket=self._bucket, Key=self._prefix + key, Range=f"bytes=0-{size - 1}"
                )
                with closing(reply["Body"]) as body:
                    return body.read()[:size]
        except RangeEmpty:
            return b""
        except ObjectMissing:
            return None

    def head(self, key: str) -> Stat | None:
        """Return the stat of an object; see Store."""
        if not key or key_error(self._prefix + key):
            return None
        try:
            with translated_errors(self._address(key)):
                reply = self._client.head_object(Bucket=self._bucket, Key=self._prefix + key)
                return stat_of(key, reply["ETag"], reply["ContentLength"], reply["LastModified"])
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
            with translated_errors(self._address(key)):
                return version_of(self._client.put_object(**request)["ETag"])
        except StoreError as error:
            wrong = write_error(error, mode)
            if wrong is error:
                raise
            raise wrong from error

    def delete(self, key: str) -> None:
        """Delete an object; see Store."""
        if not key or key_error(self._prefix + key):
            return
        try:
            with translated_errors(self._address(key)):
                self._client.delete_object(Bucket=self._bucket, Key=self._prefix + key)
        except ObjectMissing:
            pass

    def list(self, prefix: str = "") -> Iterator[Stat]:
        """Yield the stats under `prefix`, with one request for 1,000 objects; see Store."""
        paginator = self._client.get_paginator("list_objects_v2")
        with translated_errors(self._address(prefix)):
            for page in paginator.paginate(Bucket=self._bucket, Prefix=self._prefix + prefix):
                # An empty reply is not an empty bucket: every whole listing says if it is the last.
                _ = page["IsTruncated"]
                for object_ in page.get("Contents", ()):
                    # "Create folder" in a console creates an object with the name of the folder.
                    if key := object_["Key"].removeprefix(self._prefix):
                        size, modified = object_["Size"], object_["LastModified"]
                        yield stat_of(key, object_["ETag"], size, modified)

    def _address(self, key: str) -> str:
        return f"{self.url}/{key}"


@contextmanager
def translated_errors(address: str) -> Iterator[None]:
    """Translate errors of boto3 into errors of this package."""
    try:
        yield
    except ClientError as error:
        raise _reply_error(error, address) from error
    except (NoConnectionError, HTTPClientError, IncompleteReadError) as error:
        raise Unavailable(f"{address}: {error}") from error
    except BROKEN_REPLY as error:
        raise broken_reply(address, f"{type(error).__name__}: {error}") from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise StoreError(
            f"{address}: {error}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, "
            "or give the function a role"
        ) from error
    except BotoCoreError as error:
        raise StoreError(f"{address}: {error}") from error


def _reply_error(error: ClientError, address: str) -> StoreError:
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    content = error.response["Error"]
    return reply_error(status, content.get("Code", ""), content.get("Message", ""), address)
