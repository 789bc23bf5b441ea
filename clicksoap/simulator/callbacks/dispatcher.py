"""What is due to the customer's server, brought there: tried, tried again, and kept for whoever looks later."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from clicksoap.simulator.gateway.gateway import Gateway


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One call of the customer's server.

    Attributes:
        number: Counts from 1.
        at: When, by the gateway's clock.
        kind: ``report`` (of a status) or ``inbound`` (a message from a handset).
        message_id: The id of the message it is about, or of the message from a handset.
        status: The status that a report told; empty for ``inbound``.
        url: Where to, without the query.
        method: ``GET`` or ``POST``.
        body: The query or the form as it was sent.
        http_status: The HTTP status of the answer; None if there was none.
        error: What kept it from being answered, in words; empty if it was answered.
        nth: Which try it was, from 1.
        next_at: When it is tried again; None if it is not.
    """

    number: int
    at: datetime
    kind: Literal["report", "inbound"]
    message_id: str
    status: str
    url: str = field(repr=False)
    method: str
    body: str = field(repr=False)
    http_status: int | None
    error: str
    nth: int
    next_at: datetime | None


class Callbacks:
    """The calls of the customer's server; safe to use from any thread.

    Args:
        gateway: Whose messages are reported.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def start(self) -> None:
        """Begin to call."""

    def stop(self) -> None:
        """Call nobody any more; what was not delivered yet is dropped."""

    def attempts(self) -> list[Attempt]:
        """Every call that is kept, the latest first."""
        return []

    def report(self, message_id: str) -> None:
        """Report a message's present status once more, whatever its ``callback`` says.

        Raises:
            KeyError: There is no such message.
            ValueError: There is no address for its reports.
        """
        self._gateway.message(message_id)

    def clear(self) -> None:
        """Forget every call, those that were still to be made included."""
