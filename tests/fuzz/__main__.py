"""Look for what nobody thought of: ``make fuzz SECONDS=60``; one target: ``TARGET=content``.

Atheris (libFuzzer) changes what is in `seeds` byte by byte, keeps what reaches new lines of the
program, and stops at the first input that breaks a promise of invariants.py, that takes longer
than ten seconds, or more than a gigabyte. Such an input is written to build/fuzz/.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["feeds", "frontmatter"]):
    from fuzz.targets import LONGEST, ROOT, TARGETS, seeds

FOUND = ROOT / "build" / "fuzz"


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
