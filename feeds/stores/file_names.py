"""Names of the files of a store in a folder: which keys can be names, and the temporary files."""

from __future__ import annotations

import os
import re
import secrets
import time
from pathlib import Path

from feeds.stores.base import key_error

_SEGMENT_BYTES = 255  # NAME_MAX of every file system in use
_PREFIX = ".~"  # of the names of temporary files
_TEMPORARY_NAME = re.compile(re.escape(_PREFIX) + "[0-9a-f]{16}")

_LEFT_AFTER = 3_600
"""After so many seconds, nobody writes a temporary file any more: its process was killed."""


def path_error(key: str) -> str:
    """Say why `key` cannot be the path of a file; ``""`` if it can."""
    if problem := key_error(key):
        return problem
    if "\0" in key:
        return "the key holds a NUL, which is not allowed in a file name"
    for segment in key.split("/"):
        if segment in ("", ".", ".."):
            return f"the key has the part {segment!r}, which is not a file name"
        if len(segment.encode()) > _SEGMENT_BYTES:
            return f"the key has a part of more than {_SEGMENT_BYTES} bytes"
        if segment.startswith(_PREFIX):
            return f"the key has a part that starts with {_PREFIX}, as temporary files do"
    return ""


def temporary_name() -> str:
    """Return a new name for a temporary file."""
    return _PREFIX + secrets.token_hex(8)


def is_temporary(name: str) -> bool:
    """Return whether `temporary_name` may have made a name."""
    return bool(_TEMPORARY_NAME.fullmatch(name))


def delete_if_left(path: str) -> None:
    """Delete a temporary file that a killed process has left, if that is possible."""
    try:
        if time.time() - os.lstat(path).st_mtime > _LEFT_AFTER:
            Path(path).unlink()
    except OSError:
        return
