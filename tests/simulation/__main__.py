"""Run more stories than the tests do: ``make simulate N=100000``."""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from simulation.story import random_story, remembering


def run(start: int, count: int) -> list[str]:
    """Run stories; what went wrong, with how to replay it."""
    wrong = []
    with remembering():
        for seed in range(start, start + count):
            try:
                random_story(seed).check()
            except Exception as error:
                replay = f"make simulate FROM={seed} N=1"
                wrong.append(f"seed {seed} ({replay}):\n{type(error).__name__}: {error}")
    return wrong


def main() -> int:
    """Run the stories on every core."""
    parser = argparse.ArgumentParser()
    parser.add_argument("count", type=int)
    parser.add_argument("start", type=int)
    given = parser.parse_args()
    began, chunk = time.monotonic(), 200
    starts = range(given.start, given.start + given.count, chunk)
    counts = [min(chunk, given.start + given.count - start) for start in starts]
    wrong: list[str] = []
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for found in pool.map(run, starts, counts):
            wrong += found
            for text in found:
                print(text, flush=True)
    took = time.monotonic() - began
    print(f"{given.count:,} stories in {took:.0f} s, {len(wrong)} went wrong")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
