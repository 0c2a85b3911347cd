"""Hands every test file the fixtures that it may ask for."""

from __future__ import annotations

import tempfile

import pytest
from support.emitted import template
from support.runtime_api import function_zip, runtime_client, task
from support.servers import moto_server, seaweedfs

__all__ = ["function_zip", "moto_server", "runtime_client", "seaweedfs", "task", "template"]


@pytest.fixture(autouse=True)
def _temporary_folder(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The locks of LocalStore go where pytest cleans up, in this process and those it starts."""
    folder = str(tmp_path_factory.getbasetemp())
    monkeypatch.setenv("TMPDIR", folder)
    monkeypatch.setattr(tempfile, "tempdir", folder)
