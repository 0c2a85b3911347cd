"""A new event source is a row in EVENT_SOURCES, as CONTRIBUTING.md says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import handler
from feeds.aws import environment
from feeds.aws.event_sources import EVENT_SOURCES, Event, EventSource, Finding, PostsLocation
from feeds.stores.local import LocalStore

CONFIG = '[site]\ntitle = "S"\nurl = "https://s.example/"\n[feeds]\nformats = ["json"]\n'
POST = b"---\ntitle: Tea\ndate: 2026-11-01\n---\nGreen.\n"


def read_push(event: Event, posts: PostsLocation) -> Iterator[Finding]:
    """Read an event of a repository, which lists the paths of changed files."""
    paths = event["changed"]
    assert isinstance(paths, list)
    for path in paths:
        yield from posts.find_relative(path)


@pytest.mark.parametrize("is_queued", [False, True], ids=["direct", "queued"])
def test_publish_reads_events_of_a_source_that_was_added_to_the_table(
    is_queued: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = EventSource(lambda event: event.get("type") == "push", read_push)
    monkeypatch.setitem(EVENT_SOURCES, "repository push", source)
    (tmp_path / "feeds.toml").write_text(CONFIG)
    monkeypatch.setenv("POSTS_URL", str(tmp_path / "posts"))
    monkeypatch.setenv("FEEDS_URL", str(tmp_path / "feeds"))
    monkeypatch.setenv("FEEDS_CONFIG", str(tmp_path / "feeds.toml"))
    environment.reset()
    LocalStore(tmp_path / "posts").put("2026/tea.md", POST)

    event: dict[str, object] = {"type": "push", "changed": ["2026/tea.md"]}
    if is_queued:
        message = {"eventSource": "aws:sqs", "messageId": "m1", "body": json.dumps(event)}
        event = {"Records": [message]}
    assert handler.publish(event, None) == {"batchItemFailures": []}

    feed = json.loads((tmp_path / "feeds/public/feed.json").read_text())
    assert [item["title"] for item in feed["items"]] == ["Tea"]
