"""The calls that were made of the customer's server, for whoever wants to look at them later."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from threading import Lock
from typing import Final, Literal

from clicksoap.simulator.gateway.event_bus import Event, EventBus
from clicksoap.simulator.webhooks.call import Result
from clicksoap.simulator.webhooks.delivery_queue import Delivery
from clicksoap.simulator.webhooks.formats import shown

KEPT: Final = 1000
"""How many attempts are kept; the oldest give way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One call of the customer's server.

    Attributes:
        number: Counts from 1.
        at: When, by the gateway's clock.
        kind: ``report`` (of a status) or ``inbound`` (a message from a handset).
        message_id: The id of the message it is about, or of the message from a handset; empty where an address was
            validated.
        status: The status that a report told; empty for ``inbound``.
        url: Where to, without the query.
        method: ``GET`` or ``POST``.
        body: The query or the form as it was sent, without what the address brings along.
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


class Attempts:
    """The latest attempts; safe to use from any thread.

    Args:
        event_bus: Where new ones are told.
    """

    def __init__(self, event_bus: EventBus) -> None:
        self._hub = event_bus
        self._lock = Lock()
        self._numbers = count(1)
        self._kept: deque[Attempt] = deque(maxlen=KEPT)

    def latest(self) -> list[Attempt]:
        """All that are kept, the latest first."""
        with self._lock:
            return list(reversed(self._kept))

    def add(self, delivery: Delivery, at: datetime, result: Result, next_at: datetime | None) -> Attempt:
        """Keep what came of a try."""
        with self._lock:
            attempt = Attempt(
                number=next(self._numbers),
                at=at,
                kind=delivery.kind,
                message_id=delivery.message_id,
                status=delivery.status,
                url=shown(delivery.outgoing.url),
                method=delivery.outgoing.method,
                body=delivery.outgoing.fields,
                http_status=result.http_status,
                error=result.error,
                nth=delivery.tries,
                next_at=next_at,
            )
            self._kept.append(attempt)
        self._hub.publish(Event("callback", at, about=str(attempt.number)))
        return attempt

    def clear(self) -> None:
        """Forget all; numbers go on."""
        with self._lock:
            self._kept.clear()
