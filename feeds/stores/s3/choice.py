"""The address of a bucket -> its store: by obstore, or by boto3 where obstore cannot.

obstore needs a tenth of boto3's processor time for a request, and a few milliseconds to import. It
is used unless FEEDS_S3_CLIENT is ``boto3``, or the bucket needs something that only boto3 does
(`feeds.stores.s3.connection`).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from obstore.exceptions import BaseError

from feeds.errors import StoreError
from feeds.stores.base import Store
from feeds.stores.s3.connection import from_boto3, from_environment
from feeds.stores.s3.obstore_store import ObstoreStore

if TYPE_CHECKING:
    from feeds.stores.s3.boto3_store import Boto3Store

VARIABLE = "FEEDS_S3_CLIENT"
"""The environment variable that names the client."""


def open_bucket(bucket: str, prefix: str) -> Store:
    """Return the store of the objects in a bucket under `prefix`. Raises StoreError."""
    client = os.environ.get(VARIABLE, "")
    if client not in ("", "boto3"):
        raise StoreError(f"{VARIABLE} is {client!r}: set it to boto3, or remove it")
    if client:
        return _by_boto3(bucket, prefix)
    connection = from_environment(bucket)
    try:
        if connection:
            return ObstoreStore(bucket, prefix, connection, lambda: _by_boto3(bucket, prefix))
        return _with_boto3_s_settings(bucket, prefix)
    except BaseError:  # such as: the system has no certificates; boto3 brings its own
        return _by_boto3(bucket, prefix)


def _by_boto3(bucket: str, prefix: str) -> Boto3Store:
    from feeds.stores.s3.boto3_store import Boto3Store

    return Boto3Store(bucket, prefix)


def _with_boto3_s_settings(bucket: str, prefix: str) -> Store:
    from feeds.stores.s3.boto3_store import Boto3Store, new_client, translated_errors

    session, client = new_client(f"s3://{bucket}")
    by_boto3 = Boto3Store(bucket, prefix, client)
    with translated_errors(by_boto3.url):
        connection = from_boto3(bucket, session, client)
    if connection is None:
        return by_boto3
    return ObstoreStore(bucket, prefix, connection, lambda: by_boto3)
