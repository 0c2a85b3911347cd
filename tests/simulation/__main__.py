"""Runs more stories than the tests do: ``make simulate N=100000``.

With losses: ``LOSSES=1``; with rebuilds: ``REBUILDS=1``.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from simulation.nights import lossy_story
from simulation.rebuilds import rebuild_story
from simulation.story import cached_pure_functions, random_story

STORIES = {"": random_story, "LOSSES": lossy_story, "REBUILDS": rebuild_story}
"""The kinds of stories, by the option of `make simulate`."""


def run(start: int, count: int, kind: str) -> list[str]:
    """Run stories; return a message for each failure, with the command to replay it."""
    story, option = STORIES[kind], f"{kind}=1 " if kind else ""
    failures = []
    with cached_pure_functions():
        for seed in range(start, start + count):
            try:
                story(seed).check()
            except Exception as error:
                replay = f"make simulate {option}FROM={seed} N=1"
                failures.append(f"seed {seed} ({replay}):\n{type(error).__name__}: {error}")
    return failures


def main() -> int:
    """Run the stories on every core, or in as many processes as are asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("count", type=int)
    parser.add_argument("start", type=int)
    parser.add_argument("--losses", action="store_true", help="objects and messages are lost")
    parser.add_argument("--rebuilds", action="store_true", help="rebuilds run beside uploads")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    start_time, chunk = time.monotonic(), 200
    starts = range(arguments.start, arguments.start + arguments.count, chunk)
    counts = [min(chunk, arguments.start + arguments.count - start) for start in starts]
    failures: list[str] = []
    kind = "LOSSES" if arguments.losses else "REBUILDS" if arguments.rebuilds else ""
    with ProcessPoolExecutor(arguments.processes) as pool:
        for messages in pool.map(run, starts, counts, [kind] * len(counts)):
            failures += messages
            for message in messages:
                print(message, flush=True)
    seconds = time.monotonic() - start_time
    print(f"{arguments.count:,} stories in {seconds:.0f} s, {len(failures)} failed")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
