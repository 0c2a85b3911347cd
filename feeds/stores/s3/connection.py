"""Where the requests to a bucket go, and who signs them, for a client that is not boto3's.

A Lambda function has all of it in its environment, so it need not import boto3, which takes a
quarter of a second. Elsewhere boto3 works it out, from its profiles, roles, files and variables.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from feeds.stores.s3.replies import CONNECT_SECONDS, READ_SECONDS

if TYPE_CHECKING:
    from botocore.session import Session
    from mypy_boto3_s3 import S3Client


class Credentials(NamedTuple):
    """What a request is signed with."""

    access_key: str
    secret_key: str
    token: str
    """The session token of temporary credentials; else ``""``."""


class Connection(NamedTuple):
    """Where the requests to a bucket go, and who signs them."""

    address: str
    """The URL of the bucket: the addresses of its objects without ``/`` and their keys."""
    region: str
    """The region in the signatures."""
    credentials: Callable[[], Credentials]
    """Returns the credentials of now; for boto3's, it gets new ones before they expire."""
    connect_seconds: float = CONNECT_SECONDS
    """How long a connection may take."""
    read_seconds: float = READ_SECONDS
    """How long a server may be silent."""


_REGION = re.compile(r"[a-z]{2}(-gov)?-[a-z]+-\d")
_ENDPOINT = re.compile(r"https?://[^/\s]+(/\S*)?")
_AWS_HOST = re.compile(r"https://(s3(?:\.[\w-]+)?\.amazonaws\.com(?:\.cn)?)")
_HOST_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")

_NEEDS_BOTO3 = re.compile(r"--x-s3$|--ol-s3$|-s3alias$|\.mrap$")
"""Buckets with addresses or signatures of their own: directory buckets and access points."""

_ASK_BOTO3 = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
)
"""Variables that change what the others mean."""

_FILES = {"AWS_CONFIG_FILE": "~/.aws/config", "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials"}


def from_environment(bucket: str) -> Connection | None:
    """The connection to a bucket, if the environment variables alone say what boto3 would do.

    They do if AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_DEFAULT_REGION are set, and there is
    no file of settings and no variable that changes their meaning.
    """
    get = os.environ.get
    key, secret = get("AWS_ACCESS_KEY_ID", ""), get("AWS_SECRET_ACCESS_KEY", "")
    region = get("AWS_DEFAULT_REGION", "")
    endpoint = get("AWS_ENDPOINT_URL_S3", "") or get("AWS_ENDPOINT_URL", "")
    if not (key and secret and region) or any(get(name) for name in _ASK_BOTO3):
        return None
    if any(_exists(get(name) or usual) for name, usual in _FILES.items()):
        return None
    if not endpoint:
        if not _REGION.fullmatch(region) or region.startswith("cn-"):
            return None
        endpoint = f"https://s3.{region}.amazonaws.com"
    if get("AWS_CA_BUNDLE") and endpoint.startswith("https:"):
        return None
    address = _bucket_address(bucket, endpoint)
    credentials = Credentials(key, secret, get("AWS_SESSION_TOKEN", ""))
    return Connection(address, region, lambda: credentials) if address else None


def from_boto3(bucket: str, session: Session, client: S3Client) -> Connection | None:
    """The connection to a bucket that a client of boto3 has; None if only boto3 can use it.

    `session` is that of the client.
    """
    settings: Any = client.meta.config  # its stubs know only what every client has
    found, endpoint = session.get_credentials(), client.meta.endpoint_url
    if (
        found is None  # boto3's own error says what to set
        or settings.s3
        or settings.proxies
        or settings.client_cert
        or settings.signature_version != "s3v4"
        or session.get_config_variable("use_fips_endpoint")
        or session.get_config_variable("use_dualstack_endpoint")
        or (session.get_config_variable("ca_bundle") and endpoint.startswith("https:"))
    ):
        return None

    def credentials() -> Credentials:
        now = found.get_frozen_credentials()
        return Credentials(now.access_key or "", now.secret_key or "", now.token or "")

    address = _bucket_address(bucket, endpoint)
    return Connection(address, client.meta.region_name, credentials) if address else None


def _bucket_address(bucket: str, endpoint: str) -> str:
    """The URL of a bucket at an endpoint, as boto3 makes it; ``""`` if only boto3 can make it.

    AWS has the bucket in the name of the host, if it can be a part of one; all others in the path.
    """
    if _NEEDS_BOTO3.search(bucket) or not _ENDPOINT.fullmatch(endpoint):
        return ""
    aws = _AWS_HOST.fullmatch(endpoint)
    if aws and _HOST_NAME.fullmatch(bucket):
        return f"https://{bucket}.{aws[1]}"
    if not aws and ".amazonaws." in endpoint:
        return ""
    return f"{endpoint.rstrip('/')}/{bucket}"


def _exists(path: str) -> bool:
    try:
        return Path(path).expanduser().exists()
    except (OSError, RuntimeError):  # there is no home folder
        return False
