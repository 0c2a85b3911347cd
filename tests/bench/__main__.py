"""Run the benchmarks: `make bench`, or `python -m tests.bench [posts [runs]]`."""

from __future__ import annotations

import sys

from tests.bench import full_build

if __name__ == "__main__":
    full_build.main(*map(int, sys.argv[1:]))
