"""Time limits of one request, and the check of every time limit."""

import threading
from dataclasses import dataclass
from typing import Final

from clicksoap.errors import ConfigurationError, InvalidInput

MAX_SECONDS: Final = threading.TIMEOUT_MAX
"""The largest time limit: the longest wait that the system's locks know."""


class InvalidLimit(InvalidInput, ConfigurationError):
    """A time limit was refused where it was given; the text names it and the largest value."""


def check_limit(value: object, rule: str) -> None:
    """Check a time limit.

    Args:
        value: Seconds.
        rule: What the error says first: the name of the limit, and what it has to be.

    Raises:
        InvalidLimit: It is not a number of seconds above 0 that the system can wait for.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= MAX_SECONDS:
        raise InvalidLimit(f"{rule}: give more than 0 and at most {MAX_SECONDS:.0f} (threading.TIMEOUT_MAX)")


@dataclass(frozen=True, slots=True)
class Timeout:
    """Time limits of one gateway request, in seconds: more than 0, and at most ``threading.TIMEOUT_MAX``.

    Attributes:
        connect: Until the connection stands; looking up the host name, TLS and the proxy included.
        read: Between two arrivals of data.
        total: For everything: waiting for a connection or for another thread's login, connecting, sending, and the
            last byte of the reply, however slowly it trickles.

    Raises:
        InvalidInput: A limit is out of range; the text names it and the largest value.
    """

    connect: float = 5
    read: float = 30
    total: float = 60

    def __post_init__(self) -> None:
        for name in ("connect", "read", "total"):
            check_limit(getattr(self, name), f"Timeout({name}=...) is a positive number of seconds")
