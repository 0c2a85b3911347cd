"""Owns what is fuzzed: a target takes any bytes, and holds what becomes of them to invariants.py.

Knows nothing of the fuzzer, so that the tests can run each target on what it starts from.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from support import hostile, invariants

from feeds.reading.content.clean_html import Markup

ROOT = Path(__file__).parent.parent.parent
LONGEST = 2_000
SEED = 300


def front_matter(data: bytes) -> None:
    """A post is an entry or a problem."""
    invariants.check_post(data, "_posts/2026-11-18-tea.md")


def body(data: bytes) -> None:
    """Markdown (0 before it) or HTML (1) is refused, or harmless."""
    markup: Markup = "html" if data[:1] and data[0] % 2 else "markdown"
    invariants.check_content(data[1:].decode("utf-8", "replace"), markup)


def event(data: bytes) -> None:
    """An event is keys and notes; what is no JSON is the body of a message."""
    text = data.decode("utf-8", "replace")
    queued: object = {"Records": [{"eventSource": "aws:sqs", "messageId": "1", "body": text}]}
    invariants.check_event(queued, "s3://posts-example/posts/")
    try:
        direct = json.loads(text)
    except (ValueError, RecursionError):
        return
    invariants.check_event(direct, "s3://posts-example/posts/")


TARGETS = {"front-matter": front_matter, "content": body, "events": event}


def seeds(target: str) -> Iterator[bytes]:
    """What to start from: posts and events of the tests and the examples."""
    if target == "events":
        for file in sorted((ROOT / "tests" / "events").glob("*.json")):
            yield file.read_bytes()
        return
    for file in sorted((ROOT / "examples").rglob("*.md")):
        yield file.read_bytes() if target == "front-matter" else b"0" + file.read_bytes()
    if target == "front-matter":
        yield b'+++\ntitle = "Tea"\ndate = 2026-11-01\n[extra]\nauthor = "Lin"\n+++\nText.\n'
        yield b'{"title": "Tea", "date": "2026-11-01", "tags": ["a", {"b": 1}]}\nText.\n'
        for case in hostile.FRONT_MATTER.values():
            yield hostile.data_of(case)[:SEED]
        return
    for first, group in ((b"0", hostile.MARKDOWN), (b"1", hostile.HTML)):
        for case in group.values():
            yield first + hostile.data_of(case).split(b"---\n", 2)[-1][:SEED]
