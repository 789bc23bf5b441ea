"""The log of refused requests: who was refused, and why, without a flood of lines."""

import logging
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from threading import Lock
from typing import Final

from clicksoap.callbacks.request import CallbackRequest, Reply

PAUSE_SECONDS: Final = 60.0
"""The minimum time between two lines of one status."""

_log: Final = logging.getLogger("clicksoap.callbacks")


class RefusalLog:
    """Writes a warning for the first refusal of a status, and after that at most one per minute with the count.

    Args:
        clock: Gives the present time in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = Lock()
        self._next: dict[int, float] = {}
        self._unsaid: dict[int, int] = {}

    def note(self, reply: Reply, request: CallbackRequest, caller: IPv4Address | IPv6Address | None) -> None:
        """Write a refusal, or count it for the next line. Neither path nor login stands in the line."""
        status, now = reply.status, self._clock()
        with self._lock:
            if now < self._next.get(status, now):
                self._unsaid[status] = self._unsaid.get(status, 0) + 1
                return
            self._next[status] = now + PAUSE_SECONDS
            unsaid = self._unsaid.pop(status, 0)
        _log.warning(
            "a request from %s was refused: %d, %s%s%s",
            _name(caller, request),
            status,
            reply.text,
            _advice(status, request),
            f"; so were {unsaid} more since the last such line" if unsaid else "",
        )


def _name(caller: IPv4Address | IPv6Address | None, request: CallbackRequest) -> str:
    if caller is not None and not request.is_peer_replaced:
        return str(caller)
    return "a Unix socket" if request.peer is None else "an unknown address"


def _advice(status: int, request: CallbackRequest) -> str:
    if status != 403:  # noqa: PLR2004 - the only status that depends on the address
        return ""
    if request.is_peer_replaced:
        return (
            "; the server replaced the address by X-Forwarded-For: turn that off (uvicorn --no-proxy-headers), "
            "and give the proxy in trusted_proxies="
        )
    if "x-forwarded-for" in request.headers:
        return "; X-Forwarded-For is believed only behind trusted_proxies="
    return ""
