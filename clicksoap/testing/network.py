"""Network guard: refuses requests of tests to other machines, and reports each one as a failure."""

import mmap
import os
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

from clicksoap.errors import ConfigurationError
from clicksoap.protocol import egress
from clicksoap.protocol.endpoint import is_loopback

ALLOW_OPTION: Final = "clicksoap_allow_network"

_SLOTS: Final = 16
_SLOT: Final = 256  # a host name has 253 characters at most, and a zero has to follow


class NetworkForbidden(ConfigurationError):
    """A test tried to send a request to another machine. Nothing was sent, not even a DNS query."""


class NetworkGuard:
    """Refuses requests to other machines, and remembers their hosts.

    Args:
        allows: True refuses nothing.
        switch: The setting that allows requests, for the error text.
    """

    def __init__(self, *, allows: bool, switch: str) -> None:
        self.allows = allows
        self._advice = f"tests stay on this machine. Use clicksoap_simulator, or set {switch} to allow requests"
        self._hosts: list[str] = []
        self._pid = os.getpid()
        # Shared with forked children, so that the test in the parent learns about their refused requests.
        self._of_children = mmap.mmap(-1, _SLOTS * _SLOT)

    def check(self, url: str) -> None:
        """Refuse a URL of another machine.

        Raises:
            NetworkForbidden: The host is not this machine.
        """
        __tracebackhide__ = True
        host = urlsplit(url).hostname or ""
        # A name that ends in .localhost may cause a DNS query.
        if is_loopback(host) and not host.endswith(".localhost"):
            return
        self._remember(host)
        raise NetworkForbidden(f"a test tried to call the gateway at {host}, and nothing was sent: {self._advice}")

    def problem(self) -> str:
        """The text about requests that were refused since the last call; empty if there were none."""
        hosts = self._take_hosts()
        return f"clicksoap refused calls of the gateway at {', '.join(hosts)}: {self._advice}" if hosts else ""

    def _take_hosts(self) -> list[str]:
        hosts, self._hosts = self._hosts, []
        content = self._of_children[:]
        if content.strip(b"\0"):
            self._of_children[:] = bytes(len(content))
            hosts += [slot.decode() for slot in content.split(b"\0") if slot]
        return list(dict.fromkeys(hosts))

    def close(self) -> None:
        """Release the shared memory."""
        self._of_children.close()

    def _remember(self, host: str) -> None:
        if os.getpid() == self._pid:
            self._hosts.append(host)
            return
        start = os.getpid() % _SLOTS * _SLOT
        self._of_children[start : start + _SLOT] = host.encode()[: _SLOT - 1].ljust(_SLOT, b"\0")


_current: NetworkGuard | None = None


def current_guard() -> NetworkGuard | None:
    """The installed guard, or None."""
    return _current


@contextmanager
def installed_guard(new: NetworkGuard) -> Generator[NetworkGuard]:
    """Install a guard for the process, in all threads and forked children; restore the previous one afterwards."""
    global _current  # noqa: PLW0603 - one for the process
    previous, _current = _current, new
    previous_check = egress.set_egress_check(None if new.allows else new.check)
    try:
        yield new
    finally:
        egress.set_egress_check(previous_check)
        _current = previous
        new.close()
