"""A queue of deliveries: first in, first out per ordering key, each due at a time."""

import heapq
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Final

from clicksoap.simulator.webhooks.formats import CallbackKind, WebhookRequest

MAX_WAITING: Final = 10_000
"""The maximum number of deliveries in the queue."""


@dataclass(slots=True)
class Delivery:
    """A request that is to reach the customer's server.

    Attributes:
        kind: ``report`` or ``inbound``.
        message_id: The id of the message.
        status: The reported status; empty for a message from a handset.
        ordering_key: Deliveries with the same key are made one after the other. The next one waits until this one has
            succeeded or is given up.
        request: The HTTP request.
        pauses: The pause after each failed try, in order. After the last one the delivery is given up.
        tries: The number of tries so far.
    """

    kind: CallbackKind
    message_id: str
    status: str
    ordering_key: Hashable = field(repr=False)
    request: WebhookRequest = field(repr=False)
    pauses: tuple[timedelta, ...] = field(repr=False)
    tries: int = 0


class DeliveryQueue:
    """The waiting deliveries. It has no lock of its own."""

    def __init__(self) -> None:
        self._by_key: dict[Hashable, deque[Delivery]] = {}
        self._ready: deque[Delivery] = deque()
        self._postponed: list[tuple[datetime, int, Delivery]] = []
        self._numbers = count()
        self._in_progress = 0
        self._size = 0

    @property
    def full(self) -> bool:
        """True if the queue holds `MAX_WAITING` deliveries."""
        return self._size >= MAX_WAITING

    @property
    def busy(self) -> bool:
        """True if a delivery is ready or in progress."""
        return bool(self._ready) or self._in_progress > 0

    @property
    def next_due(self) -> datetime | None:
        """The time of the next postponed delivery; None if nothing is postponed."""
        return self._postponed[0][0] if self._postponed else None

    def add(self, delivery: Delivery) -> None:
        """Add a delivery behind the others with its key."""
        same_key = self._by_key.setdefault(delivery.ordering_key, deque())
        same_key.append(delivery)
        self._size += 1
        if len(same_key) == 1:
            self._ready.append(delivery)

    def release(self, now: datetime) -> int:
        """Make postponed deliveries ready that are due by now, and return their number."""
        released = 0
        while self._postponed and self._postponed[0][0] <= now:
            self._ready.append(heapq.heappop(self._postponed)[2])
            released += 1
        return released

    def take(self) -> Delivery | None:
        """Take a ready delivery, or None. The caller finishes or postpones it."""
        if not self._ready:
            return None
        self._in_progress += 1
        return self._ready.popleft()

    def finish(self, delivery: Delivery) -> None:
        """Remove a taken delivery. The next one with its key becomes ready."""
        self._in_progress -= 1
        self._size -= 1
        same_key = self._by_key[delivery.ordering_key]
        same_key.popleft()
        if same_key:
            self._ready.append(same_key[0])
        else:
            del self._by_key[delivery.ordering_key]

    def postpone(self, delivery: Delivery, until: datetime) -> None:
        """Put a taken delivery back until it is due again."""
        self._in_progress -= 1
        heapq.heappush(self._postponed, (until, next(self._numbers), delivery))
