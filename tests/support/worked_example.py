"""Runs the upload that docs/architecture.md describes, and writes what is stored into that page.

    PYTHONPATH=tests python -m support.worked_example

Each block of the page stands below a comment `<!-- example: NAME -->`. tests/test_docs.py holds the
page to what the program writes today. Times and tokens are fixed, so that each run is the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from feeds.aws.events import parse_messages
from feeds.config_file.parse import parse_config
from feeds.publishing.publisher import Publisher
from feeds.runtime import ThreadedRuntime
from feeds.state.keys import FEED_LIST, manifest_key, record_key
from feeds.stores.memory import MemoryStore

PAGE = Path(__file__).parent.parent.parent / "docs" / "architecture.md"

CONFIG = parse_config(
    '[site]\ntitle = "Example News"\nurl = "https://news.example.com/"\n'
    '[feeds]\nformats = ["atom"]\npages = false\nlimit = 2\n'
)
WIDTH = 92


class FixedRuntime(ThreadedRuntime):
    """A runtime with one thread, a fixed time and tokens that are counted."""

    def __init__(self, worker: str) -> None:
        super().__init__(threads=1)
        self.worker, self.numbers = worker, count(1)

    def now(self) -> datetime:
        return datetime(2026, 11, 18, 12, tzinfo=UTC)

    def token(self) -> str:
        return f"{self.worker}-{next(self.numbers)}"


class RecordedStore:
    """A store that writes down each call; `before` is called ahead of each, with its line."""

    def __init__(self, store: MemoryStore, name: str, lines: list[str]) -> None:
        self.store, self.name, self.lines = store, name, lines
        self.before: Callable[[str], None] = lambda _line: None

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self.store, name)
        if name not in {"get", "head", "put", "delete", "list"}:
            return attribute

        def call(key: str, *args: Any, **kwargs: Any) -> Any:
            line = f"{name.upper():6} {self.name}{key}"
            self.before(line)
            try:
                result = attribute(key, *args, **kwargs)
            except Exception:
                self.lines.append(f"{line}  (refused: another worker has written it)")
                raise
            self.lines.append(
                line + ("  (not there)" if result is None and name != "delete" else "")
            )
            return result

        return call


class Example:
    """Two buckets, and the workers that publish from one to the other."""

    def __init__(self) -> None:
        def clock() -> datetime:
            return datetime(2026, 11, 18, 12, tzinfo=UTC)

        self.posts = MemoryStore(clock, hashed=True)
        self.feeds = MemoryStore(clock, hashed=True)
        self.lines: list[str] = []

    def upload(self, day: int, title: str) -> str:
        """Put a post into the bucket; returns its key."""
        key = f"{title.lower()}.md"
        text = f"---\ntitle: {title}\ndate: 2026-11-{day}\ncategories: tea\n---\nAbout {title}.\n"
        self.posts.put(key, text.encode())
        return key

    def publish(self, worker: str, key: str, before: Callable[[str], None] | None = None) -> None:
        """Have a new worker publish one post."""
        self.lines.clear()
        posts = RecordedStore(self.posts, "POSTS/", self.lines)
        feeds = RecordedStore(self.feeds, "FEEDS/", self.lines)
        feeds.before = before or feeds.before
        publisher = Publisher(posts, feeds, CONFIG, FixedRuntime(worker))
        result = publisher.publish(parse_messages({"keys": [key]}, "memory:"))
        assert not result.failures

    def stored(self, key: str) -> str:
        """A stored object as indented JSON."""
        found = self.feeds.get(key)
        assert found, key
        value = json.loads(found.data)
        if "config_fingerprint" in value:
            value["config_fingerprint"] = "(16 hexadecimal digits)"
        return indented(value)


def run() -> dict[str, str]:
    """The blocks of the page by their names."""
    blocks = {}
    example = Example()
    for worker, day, title in (("first", 14, "Oolong"), ("second", 15, "Sencha")):
        example.publish(worker, example.upload(day, title))
    key = example.upload(16, "Matcha")
    example.publish("third", key)
    manifest = manifest_key("category/tea")
    blocks["post"] = example.posts.get(key).data.decode()  # type: ignore[union-attr]
    blocks["calls"] = short(example.lines)
    blocks["record"] = example.stored(record_key(key))
    blocks["manifest"] = example.stored(manifest)
    (name,) = (page[1] for page in json.loads(blocks["manifest"])["pages"])
    blocks["page"] = example.stored(manifest.replace("manifest.json", f"pages/{name}.json"))
    blocks["list"] = example.stored(FEED_LIST)
    blocks |= conflict(example, manifest)
    return blocks


def conflict(example: Example, manifest: str) -> dict[str, str]:
    """Two workers meet over one manifest: the second is done before the first writes."""
    slow, fast = example.upload(17, "Bancha"), example.upload(18, "Gyokuro")
    waiting = [f"PUT    FEEDS/{manifest}"]
    kept: list[str] = []

    def overtake(line: str) -> None:
        if line in waiting:
            waiting.remove(line)
            kept.extend(example.lines)
            example.publish("fast", fast)
            example.lines[:] = kept

    example.publish("slow", slow, overtake)
    assert not waiting
    lines = [line for line in example.lines if "category/tea" in line or "POSTS" in line]
    return {"conflict": short(lines), "merged": example.stored(manifest)}


def short(lines: list[str]) -> str:
    """Calls as a text, without the rest of long hashes."""
    return re.sub(r"\b([0-9a-f]{6})[0-9a-f]{30,}", r"\1…", "\n".join(lines))


def indented(value: Any, indent: str = "", first: int = 0) -> str:
    """JSON with as much on a line as fits; `first` is what stands on the line already."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(indent) + first + len(flat) <= WIDTH or not isinstance(value, (dict, list)):
        return flat
    inner = indent + "  "
    if isinstance(value, dict):
        items = [
            f"{inner}{json.dumps(name)}: {indented(item, inner, len(name) + 5)}"
            for name, item in value.items()
        ]
        return "{\n" + ",\n".join(items) + f"\n{indent}}}"
    return "[\n" + ",\n".join(inner + indented(item, inner) for item in value) + f"\n{indent}]"


def filled(text: str) -> str:
    """The page with its blocks as the program writes them today."""
    blocks = run()
    names = re.findall(r"^<!-- example: (\w+) -->$", text, re.MULTILINE)
    assert sorted(names) == sorted(blocks)
    for name, block in blocks.items():
        pattern = rf"(<!-- example: {name} -->\n```\w*\n).*?(^```$)"
        body = block.rstrip("\n") + "\n"
        text = re.sub(
            pattern,
            lambda found, body=body: found[1] + body + found[2],
            text,
            flags=re.DOTALL | re.MULTILINE,
        )
    return text


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
