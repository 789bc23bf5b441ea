"""What is to be delivered: in the order of each lane, and not before it is due."""

import heapq
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Final

from clicksoap.simulator.webhooks.formats import CallbackKind, Outgoing

MAX_WAITING: Final = 10_000
"""How many deliveries may wait."""


@dataclass(slots=True)
class Delivery:
    """Something that the customer's server is to be told.

    Attributes:
        kind: What it is.
        message_id: The id of the message.
        status: The status that is reported; empty for a message from a handset.
        lane: What belongs in one order: what comes later waits until this is delivered or given up.
        outgoing: The request.
        pauses: How long to wait after each try that failed, in order; then it is given up.
        tries: How often it was tried.
    """

    kind: CallbackKind
    message_id: str
    status: str
    lane: Hashable = field(repr=False)
    outgoing: Outgoing = field(repr=False)
    pauses: tuple[timedelta, ...] = field(repr=False)
    tries: int = 0


class DeliveryQueue:
    """The deliveries that wait; not safe between threads by itself."""

    def __init__(self) -> None:
        self._lanes: dict[Hashable, deque[Delivery]] = {}
        self._ready: deque[Delivery] = deque()
        self._later: list[tuple[datetime, int, Delivery]] = []
        self._numbers = count()
        self._taken = 0
        self._waiting = 0

    @property
    def full(self) -> bool:
        """Whether nothing more should be added."""
        return self._waiting >= MAX_WAITING

    @property
    def busy(self) -> bool:
        """Whether anything is ready or being delivered."""
        return bool(self._ready) or self._taken > 0

    @property
    def upcoming(self) -> datetime | None:
        """When the next delivery becomes due; None if none is to."""
        return self._later[0][0] if self._later else None

    def add(self, delivery: Delivery) -> None:
        """Put a delivery at the end of its lane."""
        lane = self._lanes.setdefault(delivery.lane, deque())
        lane.append(delivery)
        self._waiting += 1
        if len(lane) == 1:
            self._ready.append(delivery)

    def release(self, now: datetime) -> int:
        """Let be ready what is due by now; gives how many deliveries that were."""
        released = 0
        while self._later and self._later[0][0] <= now:
            self._ready.append(heapq.heappop(self._later)[2])
            released += 1
        return released

    def take(self) -> Delivery | None:
        """A delivery that is ready, to be finished or postponed; None if there is none."""
        if not self._ready:
            return None
        self._taken += 1
        return self._ready.popleft()

    def finish(self, delivery: Delivery) -> None:
        """Be done with a delivery that was taken; the next of its lane is ready."""
        self._taken -= 1
        self._waiting -= 1
        lane = self._lanes[delivery.lane]
        lane.popleft()
        if lane:
            self._ready.append(lane[0])
        else:
            del self._lanes[delivery.lane]

    def postpone(self, delivery: Delivery, until: datetime) -> None:
        """Let a delivery that was taken wait until it is due again."""
        self._taken -= 1
        heapq.heappush(self._later, (until, next(self._numbers), delivery))
