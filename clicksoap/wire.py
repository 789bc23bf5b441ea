"""The seam between the protocol and the network: one request out, one reply back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from clicksoap.errors import ConfigurationError

MOST_REPLY_BYTES: Final = 4 * 1024 * 1024
"""Cap on a reply after decompression. A reply to 300 recipients takes about 25 KB."""

MOST_CONNECTIONS: Final = 64
"""Connections of one client, and so its requests in flight; further calls wait for one, within the total time."""

IDLE_SECONDS: Final = 4.0
"""Servers drop idle connections after five seconds and up; a POST that meets the drop is lost with an unknown
outcome, so a connection is left before that."""


@dataclass(frozen=True, slots=True)
class WireRequest:
    """One HTTP request. Everything but the method may hold a secret and stays out of the repr."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class WireReply:
    """One HTTP reply, decompressed.

    Attributes:
        status: The HTTP status.
        headers: Header values by lower-case name.
        body: The decoded body.
        elapsed: Seconds from the first byte out to the last byte in.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    elapsed: float


MOVED: Final = frozenset({301, 307, 308})
"""These ask to send the request elsewhere, and have not carried it out."""


def is_refused_unread(status: int) -> bool:
    """Whether an HTTP status by itself says that nothing was done, whatever its body may be."""
    return 400 <= status < 500 or status in MOVED  # noqa: PLR2004 - the class of 4xx (RFC 9110, 15.5)


def lower_named(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Header values by lower-case name, as `WireReply` has them."""
    return {name.lower(): value for name, value in headers}


@dataclass(frozen=True, slots=True)
class Timeout:
    """Time limits of one gateway request, in seconds.

    Attributes:
        connect: Until the connection stands; looking up the host name, TLS and the proxy included.
        read: Between two arrivals of data.
        total: For everything: waiting for a connection or for another thread's login, connecting, sending, and the
            last byte of the reply, however slowly it trickles.
    """

    connect: float = 5
    read: float = 30
    total: float = 60

    def __post_init__(self) -> None:
        for name in ("connect", "read", "total"):
            value: object = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
                raise ConfigurationError(f"Timeout({name}=...) is a positive number of seconds")


class AsyncTransport(Protocol):
    """The same as `Transport` for an event loop."""

    def prepare(self) -> None:
        """Do beforehand what would block the loop; called once, beside it."""
        ...

    async def send(self, request: WireRequest, deadline: float) -> WireReply:
        """Exchange one request; ``deadline`` is a reading of ``time.monotonic``."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...


class Transport(Protocol):
    """Carries one request and brings its reply, or raises a TransportError that tells whether anything left."""

    def send(self, request: WireRequest, deadline: float) -> WireReply:
        """Exchange one request; ``deadline`` is a reading of ``time.monotonic``."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...

    def after_fork(self) -> None:
        """Forget, in a forked child, the connections that the parent goes on using."""
        ...
