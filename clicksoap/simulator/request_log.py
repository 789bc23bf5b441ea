"""The request log: a line for every request that the simulator answers, as text or as JSON."""

import json
from collections import deque
from collections.abc import Callable, Iterator
from threading import Condition, Thread
from typing import Final, Literal, TextIO

from clicksoap.simulator.exchanges import Exchange, Exchanges
from clicksoap.simulator.front.reasons import shown_value
from clicksoap.simulator.gateway.event_bus import Event, EventBus
from clicksoap.simulator.schema.shapes import to_json

LogFormat = Literal["text", "json"]
"""``text`` for lines to read, ``json`` for an object a line."""

_MAX_WAITING: Final = 10_000
_CLOSE_SECONDS: Final = 2.0
_JSON_FIELDS: Final = (
    *("number", "at", "service", "command", "method", "path", "peer", "to", "recipients", "status", "outcome"),
    *("code", "parameter", "reason", "fault"),
)


class RequestLog:
    """Writes the log in a thread of its own, so that nobody waits for a slow reader of the output.

    Lines that the reader leaves waiting beyond 10000 are dropped, and the log says how many.

    Args:
        exchanges: The recorded requests and answers.
        event_bus: The bus of the gateway's events.
        output: The file that gets the lines.
        log_format: ``text`` or ``json``.
    """

    def __init__(self, exchanges: Exchanges, event_bus: EventBus, output: TextIO, log_format: LogFormat) -> None:
        self._exchanges = exchanges
        self._output = output
        self._line = json_line if log_format == "json" else text_line
        self._waiting: deque[int] = deque()
        self._changed = Condition()
        self._dropped = 0
        self._stopping = False
        self._end: Callable[[], None] = event_bus.subscribe(self._on_event)
        self._thread = Thread(target=self._run, name="clicksoap-simulator-log", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Write the lines that wait, and end; for at most two seconds, if nobody reads them."""
        self._end()
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join(_CLOSE_SECONDS)

    def _on_event(self, event: Event) -> None:
        if event.kind != "exchange":
            return
        with self._changed:
            if len(self._waiting) < _MAX_WAITING:
                self._waiting.append(int(event.about))
            else:
                self._dropped += 1
            self._changed.notify()

    def _run(self) -> None:
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._waiting or self._stopping)
                    numbers, dropped = list(self._waiting), self._dropped
                    self._waiting.clear()
                    self._dropped = 0
                    is_last = self._stopping
                self._output.writelines(f"{line}\n" for line in self._lines(numbers, dropped))
                self._output.flush()
                if is_last:
                    return
        except (OSError, ValueError):  # the reader of the output has gone
            self._end()

    def _lines(self, numbers: list[int], dropped: int) -> Iterator[str]:
        for number in numbers:
            exchange = self._exchanges.get(number)
            if exchange is not None:
                yield self._line(exchange)
        if dropped:
            yield f"({dropped} requests are not shown: the output is read too slowly)"


def text_line(exchange: Exchange) -> str:
    """The line of an exchange: time, dialect, command, number, outcome, reason."""
    command = exchange.command or f"{exchange.method} {shown_value(exchange.path)}"
    more = f" +{exchange.recipients - 1}" if exchange.recipients > 1 else ""
    outcome = exchange.outcome if exchange.status is not None else f"{exchange.outcome}, the answer was lost"
    parts = [
        exchange.at.astimezone().strftime("%H:%M:%S"),
        exchange.service,
        command,
        f"{exchange.to}{more}",
        outcome,
        exchange.reason,
        *(f"warning: {each.text}" for each in exchange.warnings),
    ]
    return "  ".join(filter(None, parts))


def json_line(exchange: Exchange) -> str:
    """The line of an exchange as a JSON object with the fields of the API, and ``warnings`` as texts."""
    fields = {name: to_json(getattr(exchange, name)) for name in _JSON_FIELDS}
    return json.dumps({**fields, "warnings": [each.text for each in exchange.warnings]})
