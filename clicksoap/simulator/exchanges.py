"""The recorded exchanges: the latest requests and answers of the services, with secrets masked."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Final, Literal

from clicksoap.simulator.front.reasons import Refusal
from clicksoap.simulator.front.warnings import RequestWarning
from clicksoap.simulator.gateway.event_bus import Event, EventBus

Outcome = Literal["accepted", "partly", "refused", "unreadable", "failed", "answered"]
"""The outcome of a request, as ``Exchange.outcome`` tells it."""

_MAX_TOTAL_SIZE: Final = 64 * 1024 * 1024
_SIZE_OF_EXCHANGE: Final = 1000
_SIZE_OF_NOTE: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request and its answer, with passwords, session ids and voucher numbers masked.

    Attributes:
        number: The number, counted from 1.
        at: The time of the request, by the gateway's clock.
        service: ``document_literal``, ``rpc_encoded`` or ``http``; ``unknown`` for a path without a service.
        command: The command in Document/Literal's spelling; empty if the request could not be read.
        method: The HTTP method.
        path: The path, without the query.
        peer: The address of the caller; empty if it is unknown.
        request_headers: The headers of the request that help to understand it; never one that may hold a secret.
        request: The query of a GET, or the body, as text.
        status: The HTTP status of the answer; None if there was no answer.
        reply_headers: The headers of the answer.
        reply: The body of the answer as text, damaged if it was sent so; if there was no answer, the one that was lost.
        fault: The fault that happened: the kind, and the rule's id or the magic number's digits, such as
            ``reset (rule 1)``; empty for none.
        outcome: ``accepted`` if the messages to all recipients were accepted, ``partly`` if some were, ``refused`` if
            the gateway refused, ``unreadable`` if no command could be read, ``failed`` if a fault or an error of the
            simulator took the command's place, else ``answered``.
        code: The error of the first refusal: three digits; of an unreadable request, the code of the SOAP Fault or the
            HTTP status. Empty if nothing was refused.
        parameter: The parameter that the first refusal is about; empty if it is about the request as a whole.
        reason: The first refusal in one line: the code, the parameter, its value, the rule, and the mend; empty if
            nothing was refused.
        refusals: Every refusal, in the order of the recipients; at most 1000.
        warnings: The remarks about things that the simulator lets pass and a stricter gateway may not.
        to: The first recipient as it was given; empty if there is none.
        recipients: The number of recipients.
        text: The beginning of the text as it was given; empty if there is none.
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
    outcome: Outcome = "answered"
    code: str = ""
    parameter: str = ""
    reason: str = field(default="", repr=False)
    refusals: tuple[Refusal, ...] = field(default=(), repr=False)
    warnings: tuple[RequestWarning, ...] = field(default=(), repr=False)
    to: str = field(default="", repr=False)
    recipients: int = 0
    text: str = field(default="", repr=False)

    @property
    def size(self) -> int:
        """The approximate number of bytes that it holds."""
        headers = sum(len(name) + len(value) for name, value in (*self.request_headers, *self.reply_headers))
        notes = _SIZE_OF_NOTE * (len(self.refusals) + len(self.warnings))
        return _SIZE_OF_EXCHANGE + sum(map(_bytes, (self.request, self.reply, self.path, self.text))) + headers + notes


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else 4 * len(text)


class Exchanges:
    """The latest exchanges; safe to use from any thread.

    Args:
        capacity: The most exchanges that are kept; the oldest are dropped first.
        event_bus: The bus for an event of each new exchange.
    """

    def __init__(self, capacity: int, event_bus: EventBus) -> None:
        self._capacity = capacity
        self._event_bus = event_bus
        self._lock = Lock()
        self._last_number = 0
        self._by_number: OrderedDict[int, Exchange] = OrderedDict()
        self._sizes: dict[int, int] = {}
        self._size = 0

    def next_number(self) -> int:
        """Take the number of a new exchange."""
        with self._lock:
            self._last_number += 1
            return self._last_number

    @property
    def total(self) -> int:
        """The number of exchanges so far, those that are no longer kept included."""
        return self._last_number

    def add(self, exchange: Exchange) -> None:
        """Record an exchange, and drop the oldest if there are too many."""
        with self._lock:
            self._insert(exchange)
        self._event_bus.publish(Event("exchange", exchange.at, about=str(exchange.number)))

    def restore(self, exchanges: Iterable[Exchange], last: int = 0) -> None:
        """Put the exchanges of a previous run back; this publishes no event.

        Args:
            exchanges: The exchanges, the oldest first.
            last: The highest number that is known to be taken, even if that exchange was never recorded.
        """
        with self._lock:
            self._last_number = max(self._last_number, last)
            for each in exchanges:
                self._insert(each)
                self._last_number = max(self._last_number, each.number)

    def get(self, number: int) -> Exchange | None:
        """The exchange of a number; None if it is not kept."""
        with self._lock:
            return self._by_number.get(number)

    def latest(self) -> list[Exchange]:
        """Every exchange that is kept, the latest first."""
        with self._lock:
            return list(reversed(self._by_number.values()))

    def clear(self) -> None:
        """Forget every exchange; the numbers go on."""
        with self._lock:
            self._by_number.clear()
            self._sizes.clear()
            self._size = 0

    def _insert(self, exchange: Exchange) -> None:
        size = self._sizes[exchange.number] = exchange.size
        self._by_number[exchange.number] = exchange
        self._size += size
        while len(self._by_number) > self._capacity or self._size > _MAX_TOTAL_SIZE:
            number, _ = self._by_number.popitem(last=False)
            self._size -= self._sizes.pop(number)
