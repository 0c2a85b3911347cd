"""Hands every test file the fixtures that it may ask for."""

from __future__ import annotations

import tempfile

import pytest
from servers import moto_server, seaweedfs

__all__ = ["moto_server", "seaweedfs"]


@pytest.fixture(autouse=True)
def _temporary_folder(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The locks of LocalStore go where pytest cleans up, in this process and those it starts."""
    folder = str(tmp_path_factory.getbasetemp())
    monkeypatch.setenv("TMPDIR", folder)
    monkeypatch.setattr(tempfile, "tempdir", folder)
