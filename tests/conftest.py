"""Settings and fixtures of every test."""

import os
import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from clicksoap.testing import without_pauses

pytest_plugins = ["pytester"]

_LOOPBACK = ("127.", "::1", "localhost")

# A shell starts its background jobs with SIGINT ignored, and every process that they start inherits that. A handler of
# Python's own is not inherited: programs that the tests start begin with the default again.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Coverage is measured in the processes of pytest-xdist, not in those that tests start: some of these have limits on
# time, files or imports.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.pop("COVERAGE_PROCESS_CONFIG", None)

# No example is a failure because the machine is busy with the other tests.
settings.register_profile("clicksoap", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("clicksoap")


@pytest.fixture(autouse=True)
def unhurried() -> Iterator[None]:
    """Nothing waits between tries."""
    with without_pauses():
        yield


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reaches beyond this machine: a connection elsewhere fails it."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else "localhost"
        if not str(host).startswith(_LOOPBACK):
            pytest.fail(f"a test tried to reach {host}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def program() -> Callable[[str], str]:
    """Where a program is; a machine without it skips the test, but continuous integration must have it."""

    def find(name: str) -> str:
        found = shutil.which(name)
        if found is None:
            reason = f"{name} is not installed (tests/foreign/install.sh)"
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
        return found

    return find
