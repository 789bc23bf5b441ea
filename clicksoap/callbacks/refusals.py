"""The log and the counter of refused requests: who was refused, and why, without a flood of lines."""

import logging
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from threading import Lock
from typing import Final

from clicksoap.callbacks.request import CallbackRequest, Reply

PAUSE_SECONDS: Final = 60.0
"""The minimum time between two lines of one status."""

REASONS: Final = {
    403: "address",
    404: "path",
    401: "login",
    405: "method",
    431: "large_headers",
    414: "long_query",
    413: "large_body",
    408: "slow_body",
    400: "unreadable",
}
"""The reason behind each status of a refusal, in the order of the checks."""

_METRIC: Final = "clicksoap_callbacks_refused_total"

_log: Final = logging.getLogger("clicksoap.callbacks")


class Refusals:
    """Counts refusals by reason. Writes a warning for the first of a status, and then at most one per minute.

    Args:
        clock: Gives the present time in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = Lock()
        self._next: dict[int, float] = {}
        self._unsaid: dict[int, int] = {}
        self._counts = dict.fromkeys(REASONS, 0)

    def metrics(self) -> str:
        """The counts in the text format of Prometheus.

        A reason without refusals has 0, so that Prometheus sees the first one as an increase.
        """
        with self._lock:
            counts = self._counts.copy()
        lines = [f"# HELP {_METRIC} Refused requests by reason.", f"# TYPE {_METRIC} counter"]
        lines += [f'{_METRIC}{{reason="{REASONS[status]}"}} {count}' for status, count in counts.items()]
        return "\n".join(lines) + "\n"

    def note(self, reply: Reply, request: CallbackRequest, caller: IPv4Address | IPv6Address | None) -> None:
        """Count a refusal, and log it now or in the count of the next line. No line has the path or the login."""
        status, now = reply.status, self._clock()
        with self._lock:
            self._counts[status] += 1
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
