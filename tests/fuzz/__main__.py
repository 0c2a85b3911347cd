"""Fuzzes the reading of posts and events: ``make fuzz SECONDS=60``; one target: ``TARGET=content``.

Atheris (libFuzzer) mutates the `seeds`, and keeps inputs that reach new lines of the program. It
stops at the first input that fails a check of invariants.py, takes longer than ten seconds, or
needs more than a gigabyte; and writes that input to build/fuzz/.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["feeds", "frontmatter"]):
    from fuzz.targets import MAX_BYTES, ROOT, TARGETS, seeds

FAILURES = ROOT / "build" / "fuzz"


def fuzz_target(target: str, seconds: int) -> None:
    """Fuzz one target; then libFuzzer ends the process."""
    FAILURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for number, data in enumerate(seeds(target)):
            (Path(folder) / str(number)).write_bytes(data)
        atheris.Setup(
            [
                f"fuzz {target}",
                folder,
                f"-max_total_time={seconds}",
                f"-max_len={MAX_BYTES}",
                "-timeout=10",
                "-rss_limit_mb=1024",
                "-print_final_stats=1",
                "-verbosity=0",
                f"-artifact_prefix={FAILURES}/{target}-",
            ],
            TARGETS[target],
        )
        atheris.Fuzz()


def main(seconds: int, targets: list[str]) -> int:
    """Fuzz the targets one after the other, each in a process; return 1 if one has failed."""
    failed = []
    for target in targets:
        print(f"{target}: {seconds} s", flush=True)
        done = subprocess.run([sys.executable, "-m", "fuzz", "--one", target, str(seconds)])
        if done.returncode:
            failed.append(target)
    if failed:
        print(f"Failed: {', '.join(failed)}. The inputs are in {FAILURES}.")
    return bool(failed)


if __name__ == "__main__":
    if sys.argv[1] == "--one":
        fuzz_target(sys.argv[2], int(sys.argv[3]))
    else:
        sys.exit(main(int(sys.argv[1]), sys.argv[2:] or list(TARGETS)))
