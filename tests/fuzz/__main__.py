"""Look for what nobody thought of: ``make fuzz SECONDS=60``; one target: ``TARGET=content``.

Atheris (libFuzzer) changes what is in `seeds` byte by byte, keeps what reaches new lines of the
program, and stops at the first input that breaks a promise of invariants.py, that takes longer
than ten seconds, or more than a gigabyte. Such an input is written to build/fuzz/.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["feeds", "frontmatter"]):
    import hostile
    import invariants

    from feeds import content, frontmatter, post  # noqa: F401

ROOT = Path(__file__).parent.parent.parent
FOUND = ROOT / "build" / "fuzz"
LONGEST = 2_000
SEED = 300


def front_matter(data: bytes) -> None:
    """A post is an entry or a problem."""
    invariants.check_post(data, "_posts/2026-11-18-tea.md")


def body(data: bytes) -> None:
    """Markdown (0 before it) or HTML (1) is refused, or harmless."""
    markup: content.Markup = "html" if data[:1] and data[0] % 2 else "markdown"
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
        for case in hostile.FRONT_MATTER.values():
            yield hostile.data_of(case)[:SEED]
        return
    for first, group in ((b"0", hostile.MARKDOWN), (b"1", hostile.HTML)):
        for case in group.values():
            yield first + hostile.data_of(case).split(b"---\n", 2)[-1][:SEED]


def one(target: str, seconds: int) -> None:
    """Fuzz one target; ends the process."""
    FOUND.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for number, data in enumerate(seeds(target)):
            (Path(folder) / str(number)).write_bytes(data)
        atheris.Setup(
            [
                f"fuzz {target}",
                folder,
                f"-max_total_time={seconds}",
                f"-max_len={LONGEST}",
                "-timeout=10",
                "-rss_limit_mb=1024",
                "-print_final_stats=1",
                "-verbosity=0",
                f"-artifact_prefix={FOUND}/{target}-",
            ],
            TARGETS[target],
        )
        atheris.Fuzz()


def main(seconds: int, targets: list[str]) -> int:
    """Fuzz the targets one after the other; 1 if one of them found something."""
    failed = []
    for target in targets:
        print(f"{target}: {seconds} s", flush=True)
        done = subprocess.run([sys.executable, "-m", "fuzz", "--one", target, str(seconds)])
        if done.returncode:
            failed.append(target)
    if failed:
        print(f"Found something in {' and '.join(failed)}: see above, and {FOUND}.")
    return bool(failed)


if __name__ == "__main__":
    if sys.argv[1] == "--one":
        one(sys.argv[2], int(sys.argv[3]))
    else:
        sys.exit(main(int(sys.argv[1]), sys.argv[2:] or list(TARGETS)))
