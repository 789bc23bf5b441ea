"""The guard: no request of a test leaves the machine, and none that tried goes unnoticed."""

import mmap
import os
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

from clicksoap.errors import ConfigurationError
from clicksoap.protocol import egress
from clicksoap.protocol.endpoint import is_loopback

SWITCH: Final = "clicksoap_allow_network"

_SLOTS: Final = 16
_SLOT: Final = 256  # a host name has 253 characters at most, and a zero has to follow


class NetworkForbidden(ConfigurationError):
    """A test's request would have left this machine; nothing of it did, not even the question for the address."""


class NetworkGuard:
    """Refuses requests to other machines, and remembers to which.

    Args:
        allows: Refuse nothing after all.
        switch: How the user says so.
    """

    def __init__(self, *, allows: bool, switch: str) -> None:
        self.allows = allows
        self._advice = f"tests stay on this machine. Use clicksoap_simulator, or say {switch} to let them out"
        self._hosts: list[str] = []
        self._home = os.getpid()
        # A forked child has a copy of everything but this; what it was refused, its parent's test has to learn.
        self._of_children = mmap.mmap(-1, _SLOTS * _SLOT)

    def check(self, url: str) -> None:
        """Refuse a URL of another machine.

        Raises:
            NetworkForbidden: It is one.
        """
        __tracebackhide__ = True
        host = urlsplit(url).hostname or ""
        # What ends in .localhost may be asked of a name server.
        if is_loopback(host) and not host.endswith(".localhost"):
            return
        self._remember(host)
        raise NetworkForbidden(f"a test wanted to call the gateway at {host}, and nothing was sent: {self._advice}")

    def problem(self) -> str:
        """What to say of a test that was refused something since this was last asked; empty if there is nothing."""
        hosts = self._take()
        return f"clicksoap refused calls of the gateway at {', '.join(hosts)}: {self._advice}" if hosts else ""

    def _take(self) -> list[str]:
        hosts, self._hosts = self._hosts, []
        content = self._of_children[:]
        if content.strip(b"\0"):
            self._of_children[:] = bytes(len(content))
            hosts += [slot.decode() for slot in content.split(b"\0") if slot]
        return list(dict.fromkeys(hosts))

    def close(self) -> None:
        """Give back what it holds."""
        self._of_children.close()

    def _remember(self, host: str) -> None:
        if os.getpid() == self._home:
            self._hosts.append(host)
            return
        start = os.getpid() % _SLOTS * _SLOT
        self._of_children[start : start + _SLOT] = host.encode()[: _SLOT - 1].ljust(_SLOT, b"\0")


_current: NetworkGuard | None = None


def current() -> NetworkGuard | None:
    """The guard that is in force, be it one that allows everything."""
    return _current


@contextmanager
def guarded(new: NetworkGuard) -> Generator[NetworkGuard]:
    """Have a guard in force, in every thread, and in what is forked meanwhile."""
    global _current  # noqa: PLW0603 - one for the process
    before, _current = _current, new
    asked = egress.set_egress_check(None if new.allows else new.check)
    try:
        yield new
    finally:
        egress.set_egress_check(asked)
        _current = before
        new.close()
