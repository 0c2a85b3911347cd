"""Writes the posts of the benchmarks: the same ones for every program that is measured."""

from __future__ import annotations

import random
from pathlib import Path

CATEGORIES = 20
_TEXT = (
    "market river station report window morning quiet harvest engine letter garden north copper "
    "signal figure bridge winter paper across council silver number answer harbour under evening"
)
_WORDS = _TEXT.split()


def body(random_: random.Random, size: int) -> str:
    """Markdown of about `size` bytes: paragraphs, a heading, a list, emphasis, a link."""
    parts = [f"## {_sentence(random_)}", f"- {_sentence(random_)}\n- {_sentence(random_)}"]
    parts.append(f"See [the report](https://source.example.org/{random_.randrange(10**9)}) *now*.")
    while sum(map(len, parts)) < size:
        parts.append(" ".join(_sentence(random_) for _ in range(6)))
    return "\n\n".join(parts)


def _sentence(random_: random.Random) -> str:
    return " ".join(random_.choices(_WORDS, k=12)).capitalize() + "."


def write(folder: Path, count: int, size: int = 4500) -> None:
    """Write `count` posts of about `size` bytes, one a minute, the same each time."""
    random_ = random.Random(count)
    posts = folder / "_posts"
    posts.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        day, minute = divmod(number, 1440)
        date = f"{2000 + day // 336}-{day // 28 % 12 + 1:02}-{day % 28 + 1:02}"
        text = (
            f'---\nlayout: post\ntitle: "{_sentence(random_)[:60]} {number}"\n'
            f"date: {date} {minute // 60:02}:{minute % 60:02}:00 +0000\n"
            f"categories: category-{number % CATEGORIES:02}\n---\n"
        )
        text += body(random_, size - len(text)) + "\n"
        (posts / f"{date}-post-{number:07}.md").write_text(text, encoding="utf-8")
