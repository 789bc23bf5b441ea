"""A host of the tests' own: a network namespace with a cable that can be cut."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

_NUMBERS = count(1)


class OtherHost:
    """A host that reaches this one by a cable.

    Attributes:
        here: The address of this host, as the other one sees it.
    """

    def __init__(self, name: str, cable: str, here: str) -> None:
        self.here = here
        self._name = name
        self._cable = cable

    def command(self, *words: str) -> list[str]:
        """A command that runs over there."""
        return ["ip", "netns", "exec", self._name, *words]

    def cut(self) -> None:
        """Cut the cable: packets vanish, and nobody is told."""
        _ip("link", "set", self._cable, "down")

    def mend(self) -> None:
        """Plug the cable in again."""
        _ip("link", "set", self._cable, "up")


@contextmanager
def other_host() -> Iterator[OtherHost | None]:
    """Another host; None where namespaces cannot be made."""
    number = next(_NUMBERS)
    name, cable = f"clicksoap-{os.getpid()}-{number}", f"cs{os.getpid() % 10**7}-{number}"
    network, here = f"10.77.{os.getpid() % 250}", f"10.78.{os.getpid() % 250}.1"
    if shutil.which("ip") is None or not _ip("netns", "add", name):
        yield None
        return
    try:
        if not _ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", name):
            yield None
            return
        _ip("addr", "add", f"{network}.1/24", "dev", cable)
        _ip("-n", name, "addr", "add", f"{network}.2/24", "dev", "eth0")
        _ip("-n", name, "link", "set", "eth0", "up")
        _ip("-n", name, "link", "set", "lo", "up")
        _ip("link", "set", cable, "up")
        # An address that stays, for those on this host, when the cable is cut.
        _ip("addr", "add", f"{here}/32", "dev", "lo")
        _ip("-n", name, "route", "add", here, "via", f"{network}.1")
        yield OtherHost(name, cable, here)
    finally:
        _ip("addr", "del", f"{here}/32", "dev", "lo")
        _ip("link", "del", cable)
        _ip("netns", "del", name)


def _ip(*words: str) -> bool:
    return subprocess.run(["ip", *words], check=False, capture_output=True).returncode == 0
