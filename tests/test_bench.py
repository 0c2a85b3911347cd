"""The benchmark of the full build runs, checks its results and prints its table."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent


def test_the_benchmark_measures_a_build() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "60", "1"],
        cwd=ROOT,
        env={**os.environ, "PATH": "/nonexistent"},  # without Hugo, which is slow
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    said, columns, row = done.stdout.splitlines()
    assert said.startswith("60 posts of 4.5 kB in 20 categories, ")
    assert columns.split()[:2] == ["median", "s"]
    assert row.split()[:2] == ["feeds", "build"]
    assert row.split()[7] == "42"
    assert row.endswith("RSS and Atom, 50 whole entries each")
