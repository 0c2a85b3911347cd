"""Environment variables -> the configuration, publisher, queues and schedules of a function.

Each is created at its first use and kept for the life of the process. docs/deploy.md lists the
variables.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from feeds.aws.sqs import Queue
from feeds.config import Config
from feeds.config_file.read import read_config
from feeds.errors import ConfigError
from feeds.publishing.publisher import Publisher
from feeds.runtime import ThreadedRuntime
from feeds.stores.addresses import open_store
from feeds.stores.counted import Counted

if TYPE_CHECKING:
    from feeds.publishing.due_markers import Schedules

ROOT = Path(__file__).resolve().parent.parent.parent
"""The folder that holds handler.py and feeds.toml: /var/task in AWS Lambda."""


@cache
def shared_config() -> Config:
    """The configuration in the file FEEDS_CONFIG, or in feeds.toml beside handler.py.

    Raises ConfigError.
    """
    path = Path(os.environ.get("FEEDS_CONFIG", ROOT / "feeds.toml"))
    return read_config(path, "set FEEDS_CONFIG")


@cache
def shared_publisher() -> Publisher:
    """The publisher from POSTS_URL to FEEDS_URL. Raises ConfigError, StoreError."""
    posts, feeds = required_variable("POSTS_URL"), required_variable("FEEDS_URL")
    stores = Counted(open_store(posts)), Counted(open_store(feeds))
    return Publisher(*stores, shared_config(), ThreadedRuntime())


@cache
def shared_queue(variable: str) -> Queue:
    """The queue at the URL in an environment variable. Raises ConfigError."""
    return Queue(required_variable(variable))


@cache
def shared_schedules() -> Schedules | None:
    """The schedules of posts with a future date; None if SCHEDULER_ROLE_ARN is not set."""
    role = os.environ.get("SCHEDULER_ROLE_ARN", "")
    if not role:
        return None
    from feeds.aws.scheduler import EventBridgeSchedules

    return EventBridgeSchedules(required_variable("PUBLISH_QUEUE_URL"), role)


def required_variable(name: str) -> str:
    """The value of an environment variable. Raises ConfigError if it is not set."""
    value = os.environ.get(name, "")
    if not value:
        raise ConfigError([f"the environment variable {name} is not set; see docs/deploy.md"])
    return value


def reset() -> None:
    """Forget all cached values, so that the next use reads the environment again."""
    for cached in (shared_config, shared_publisher, shared_queue, shared_schedules):
        cached.cache_clear()
