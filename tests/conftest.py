"""Fixtures of all tests, and their order: the slow tests run last."""

from __future__ import annotations

import signal
import tempfile

import hypothesis
import pytest
from support.emitted import template
from support.runtime_api import function_zip, runtime_client, task
from support.servers import moto_server, seaweedfs

__all__ = ["function_zip", "moto_server", "runtime_client", "seaweedfs", "task", "template"]


def pytest_configure() -> None:
    """Do not let a busy machine fail a test; and obey Ctrl+C.

    A shell's ``&`` makes Ctrl+C ignored, also in the commands that tests start.
    """
    too_slow = hypothesis.HealthCheck.too_slow  # generation is slow on a busy machine
    hypothesis.settings.register_profile("tests", deadline=None, suppress_health_check=[too_slow])
    hypothesis.settings.load_profile("tests")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests on SeaweedFS as slow, and move the slow tests to the end."""
    for item in items:
        callspec = getattr(item, "callspec", None)
        if callspec and "seaweedfs" in callspec.params.values():
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)


@pytest.fixture(autouse=True)
def _temporary_folder(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Put temporary files, such as LocalStore's locks, where pytest removes them.

    That goes for this process and for those that a test starts.
    """
    folder = str(tmp_path_factory.getbasetemp())
    monkeypatch.setenv("TMPDIR", folder)
    monkeypatch.setattr(tempfile, "tempdir", folder)
