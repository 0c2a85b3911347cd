"""Processes that publish the same posts at once on a real S3 server; some are killed.

The large run: `OPERATIONS=1000 python -m pytest -s tests/publishing/test_many_processes.py`.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support import yardstick
from support.processes import Plan, Run
from support.servers import ACCESS_KEY, S3_CLIENTS, SECRET_KEY, s3_client

from feeds.config_file.parse import parse_config
from feeds.stores.s3.boto3_store import Boto3Store

pytestmark = pytest.mark.slow

TOML = """
[site]
title = "Example News"
url = "https://news.example.com/"
[feeds]
url = "https://feeds.example.com/"
formats = ["atom", "json"]
limit = 5
[posts]
id_from = "stem"
"""


@pytest.mark.parametrize("s3", S3_CLIENTS)
def test_killed_worker_processes_leave_the_documents_of_a_full_build(
    seaweedfs: str, tmp_path: Path, s3: str
):
    operations = int(os.environ.get("OPERATIONS", "150"))
    plan = Plan(
        operations=operations,
        posts=max(operations // 10, 30),
        kills=max(operations // 50, 3),
        stops=max(operations // 100, 2),
        seed=int(os.environ.get("SEED", "1")),
    )
    client = s3_client(seaweedfs, attempts=5)
    bucket = f"processes-{s3}"
    client.create_bucket(Bucket=bucket)
    posts, feeds = (
        Boto3Store("processes", "posts", client),
        Boto3Store("processes", "feeds", client),
    )
    (tmp_path / "feeds.toml").write_text(TOML)
    environment = {
        "POSTS_URL": posts.url,
        "FEEDS_URL": feeds.url,
        "FEEDS_CONFIG": str(tmp_path / "feeds.toml"),
        "AWS_ENDPOINT_URL": seaweedfs,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": "us-east-1",
        "FEEDS_S3_CLIENT": "boto3" if s3 == "boto3" else "",
    }
    outcome = Run(plan, posts, environment, tmp_path / "log").run()
    print(f"\n{outcome}")
    for error in outcome.errors:
        print(error)
    assert yardstick.differences(posts, feeds, parse_config(TOML)) == []
    assert (outcome.kills, outcome.stops) == (plan.kills, plan.stops)
    assert outcome.redelivered >= plan.kills
