"""Time limits of one request."""

from dataclasses import dataclass

from clicksoap.checks import MAX_SECONDS, plain_seconds
from clicksoap.errors import ConfigurationError


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
            seconds = plain_seconds(value)
            if seconds is None:
                raise ConfigurationError(
                    f"Timeout({name}=...) is not a positive number of seconds: give one, {MAX_SECONDS} at most"
                )
            object.__setattr__(self, name, seconds)
