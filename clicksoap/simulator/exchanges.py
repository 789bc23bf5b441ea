"""What was asked and answered on the wire, for whoever wants to look at it later."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Final

from clicksoap.simulator.gateway.event_bus import Event, EventBus

_MAX_IN_ALL: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request and its answer, with passwords and session ids masked.

    Attributes:
        number: Counts from 1.
        at: When it came, by the gateway's clock.
        service: ``document_literal``, ``rpc_encoded`` or ``http``.
        command: The command in Document/Literal's spelling; empty if the request could not be read.
        method: The HTTP method.
        path: The path, without the query.
        peer: The address it came from.
        request_headers: Those headers of the request that matter and hold no secret.
        request: The query of a GET, or the body, as text.
        status: The HTTP status of the answer; None if there was no answer.
        reply_headers: The headers of the answer.
        reply: The body of the answer as text, damaged if it was sent so; if there was no answer, the one that was lost.
        fault: What went wrong on the way because somebody asked for it: the kind, and the rule's id or the magic
            number's digits, such as ``reset (rule 1)``; empty if nothing did.
    """

    number: int
    at: datetime
    service: str
    command: str
    method: str
    path: str
    peer: str
    request_headers: tuple[tuple[str, str], ...]
    request: str = field(repr=False)
    status: int | None
    reply_headers: tuple[tuple[str, str], ...]
    reply: str = field(repr=False)
    fault: str = ""

    @property
    def size(self) -> int:
        """About how many characters it holds."""
        return len(self.request) + len(self.reply)


class Exchanges:
    """The latest exchanges; safe to use from any thread.

    Args:
        capacity: The most that are kept.
        event_bus: Where new ones are told.
    """

    def __init__(self, capacity: int, event_bus: EventBus) -> None:
        self._capacity = capacity
        self._hub = event_bus
        self._lock = Lock()
        self._last = 0
        self._kept: OrderedDict[int, Exchange] = OrderedDict()
        self._size = 0

    def number(self) -> int:
        """The number of the next exchange, which begins now."""
        with self._lock:
            self._last += 1
            return self._last

    @property
    def total(self) -> int:
        """How many there ever were."""
        return self._last

    def add(self, exchange: Exchange) -> None:
        """Keep one, and let the oldest give way to it."""
        with self._lock:
            self._keep(exchange)
        self._hub.tell(Event("exchange", exchange.at, about=str(exchange.number)))

    def restore(self, exchanges: Iterable[Exchange], last: int = 0) -> None:
        """Have those of an earlier life again, the oldest first; nobody is told.

        Args:
            exchanges: Those that are left.
            last: The highest number that is known to be taken, even if that exchange was never kept.
        """
        with self._lock:
            self._last = max(self._last, last)
            for each in exchanges:
                self._keep(each)
                self._last = max(self._last, each.number)

    def get(self, number: int) -> Exchange | None:
        """The exchange of a number, if it is still kept."""
        with self._lock:
            return self._kept.get(number)

    def latest(self) -> list[Exchange]:
        """All that are kept, the latest first."""
        with self._lock:
            return list(reversed(self._kept.values()))

    def clear(self) -> None:
        """Forget all; numbers go on."""
        with self._lock:
            self._kept.clear()
            self._size = 0

    def _keep(self, exchange: Exchange) -> None:
        self._kept[exchange.number] = exchange
        self._size += exchange.size
        while len(self._kept) > self._capacity or self._size > _MAX_IN_ALL:
            self._size -= self._kept.popitem(last=False)[1].size
