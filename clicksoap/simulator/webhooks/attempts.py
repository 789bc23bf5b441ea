"""Log of the HTTP calls to the customer's server."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from threading import Lock
from typing import Final

from clicksoap.simulator.gateway.event_bus import Event, EventBus
from clicksoap.simulator.webhooks.delivery_queue import Delivery
from clicksoap.simulator.webhooks.formats import CallbackKind, public_url
from clicksoap.simulator.webhooks.http_call import CallResult

MAX_ATTEMPTS: Final = 1000
"""The number of attempts that are kept. The oldest ones are dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One HTTP call to the customer's server.

    Attributes:
        number: Counts from 1.
        at: The time of the call, by the gateway's clock.
        kind: ``report`` (a delivery report) or ``inbound`` (a message from a handset).
        message_id: The id of the reported message or of the message from a handset; empty if the call validated an
            address.
        status: The reported status; empty for ``inbound``.
        url: The address that was called, without its query.
        method: ``GET`` or ``POST``.
        body: The query or the form as it was sent, without the query of the address itself.
        http_status: The HTTP status of the answer; None if there was none.
        error: The reason why there was no answer; empty if there was one.
        nth: The number of this try for its delivery, from 1.
        next_at: The time of the next try; None for no further try.
    """

    number: int
    at: datetime
    kind: CallbackKind
    message_id: str
    status: str
    url: str = field(repr=False)
    method: str
    body: str = field(repr=False)
    http_status: int | None
    error: str
    nth: int
    next_at: datetime | None


class AttemptLog:
    """Keeps the latest attempts; safe to use from any thread.

    Args:
        event_bus: Gets an event ``callback`` for each new attempt.
    """

    def __init__(self, event_bus: EventBus) -> None:
        self._event_bus = event_bus
        self._lock = Lock()
        self._numbers = count(1)
        self._attempts: deque[Attempt] = deque(maxlen=MAX_ATTEMPTS)

    def latest(self) -> list[Attempt]:
        """All kept attempts, the latest first."""
        with self._lock:
            return list(reversed(self._attempts))

    def add(self, delivery: Delivery, at: datetime, result: CallResult, next_at: datetime | None) -> Attempt:
        """Record the result of a try."""
        with self._lock:
            attempt = Attempt(
                number=next(self._numbers),
                at=at,
                kind=delivery.kind,
                message_id=delivery.message_id,
                status=delivery.status,
                url=public_url(delivery.request.url),
                method=delivery.request.method,
                body=delivery.request.fields,
                http_status=result.http_status,
                error=result.error,
                nth=delivery.tries,
                next_at=next_at,
            )
            self._attempts.append(attempt)
        self._event_bus.publish(Event("callback", at, about=str(attempt.number)))
        return attempt

    def clear(self) -> None:
        """Drop all attempts. Their numbers go on."""
        with self._lock:
            self._attempts.clear()
