"""An S3 server in memory (moto), a client of it, and its address in the environment."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import boto3
import pytest
from support.servers import ACCESS_KEY, SECRET_KEY, s3_client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

number = itertools.count()


@pytest.fixture(scope="session")
def moto_client(moto_server: str) -> S3Client:
    return s3_client(moto_server)


@pytest.fixture
def bucket(moto_client: S3Client) -> str:
    """A new bucket on moto."""
    name = f"bucket-{next(number)}"
    moto_client.create_bucket(Bucket=name)
    return name


@pytest.fixture
def s3_environment(moto_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment variables by which boto3 finds moto."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
