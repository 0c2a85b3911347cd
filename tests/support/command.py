"""Runs the `feeds` command in the test's own process, so that it sees what the test has patched."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

from feeds.cli import main


def run_feeds(*words: str, status: int = 0) -> str:
    """Run `feeds` with these arguments and return its output; fail on another exit status."""
    output = io.StringIO()
    with (
        mock.patch.object(sys, "argv", ["feeds", *words]),
        redirect_stdout(output),
        redirect_stderr(output),
    ):
        try:
            main.main()
            exit_status = 0
        except SystemExit as exit_:
            exit_status = int(exit_.code or 0)
    assert exit_status == status, (words, output.getvalue())
    return output.getvalue()


def files_below(folder: Path) -> dict[str, bytes]:
    """The bytes of each file below a folder, by its relative path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
