"""The benchmarks of the full build and of the audit run and check their results."""

from __future__ import annotations

import os
import re
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


def test_the_benchmark_of_the_audit_finds_nothing_and_then_what_was_lost(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.bench import nightly_audit

    monkeypatch.setattr(nightly_audit, "CATEGORIES", 20)
    nightly_audit.main(1_000, 0)
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("1,000 posts: 1,")
    compared = re.search(r"compared=(\d+)", said[2])
    assert compared
    assert 1_000 / 30 / 2 < int(compared[1]) < 1_000 / 30 * 2
    assert said[-1].startswith("the 8 lost posts were found")
