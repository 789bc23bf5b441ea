"""The time limits of an outbox, in seconds; each number has its reason here."""

import ipaddress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Limits:
    """The time limits of an outbox, in seconds.

    Attributes:
        believe_after: How long after the end of a lease a denial by the gateway (104) is believed: a proxy may hold a
            request back and deliver it later.
        start: How long after its claim a request may begin to be sent.
        margin: What a lease is longer than everything that a sender may wait for.
        forgotten_after: When the gateway does not know messages any more: it keeps them for about six days
            (vendor's SOAP API, "query message status").
        unprovable_after: When a message is called unknown if the gateway never says 104, so that no question proves
            anything.
        unreported_after: When a missing delivery report is counted as missing.
    """

    believe_after: float = 600.0
    start: float = 5.0
    margin: float = 5.0
    forgotten_after: float = 6 * DAY
    unprovable_after: float = 3600.0
    unreported_after: float = 3 * DAY


def is_on_loopback(url: str) -> bool:
    """Whether a gateway is on this machine, where no proxy holds a request back."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
