"""Processing in memory: handlers first, then the answer. Held parts and the history are lost with the process."""

from collections.abc import Callable
from threading import Lock
from typing import Final

from clicksoap.callbacks.handlers import Handlers
from clicksoap.callbacks.history import History
from clicksoap.callbacks.joining import Joiner, PartGroup, PartKey, key_of
from clicksoap.callbacks.parsing import Event
from clicksoap.callbacks.steps import Job, Steps
from clicksoap.events import DeliveryReport, InboundMessage

FOREVER: Final = float("inf")


class InMemory:
    """Joins, de-duplicates and hands over events in the memory of one process; safe to use from any thread.

    Args:
        handlers: Get the events.
        join_seconds: The time after its first part at which an unfinished message is handed over; None to hand over
            each part.
        clock: Gives the present time in seconds.
    """

    def __init__(self, handlers: Handlers, join_seconds: float | None, clock: Callable[[], float]) -> None:
        self._handlers = handlers
        self._clock = clock
        self._history = History()
        self._joiner = None if join_seconds is None else Joiner(join_seconds)
        self._lock = Lock()

    def accept(self, event: Event) -> Job:
        """The job that calls the handlers; of a part, once all parts are there."""
        if isinstance(event, DeliveryReport):
            return Job(("report", event.message_id), self._report(event))
        key = key_of(event)
        if self._joiner is not None and key is not None:
            return Job(key, self._part(self._joiner, key, event))
        return Job(("inbound", event.message_id), self._inbound(event))

    def due(self, now: float) -> list[Job]:
        """The jobs that hand over overdue messages."""
        joiner = self._joiner
        if joiner is None:
            return []
        with self._lock:
            return [Job(group.key, self._overdue(joiner, group)) for group in joiner.overdue(now)]

    def next_due(self) -> float | None:
        """The time at which the next message is overdue; None if there is none."""
        with self._lock:
            return None if self._joiner is None else self._joiner.next_due()

    def _report(self, report: DeliveryReport) -> Steps[bool]:
        with self._lock:
            is_news = self._history.is_news(report)
        if not is_news:
            return True
        succeeded = yield from self._handlers.call(report)
        if succeeded:
            with self._lock:
                self._history.add_report(report)
        return succeeded

    def _inbound(self, message: InboundMessage) -> Steps[bool]:
        with self._lock:
            is_known = self._history.has_inbound(message.message_id)
        if is_known:
            return True
        succeeded = yield from self._handlers.call(message)
        if succeeded:
            with self._lock:
                self._history.add_inbound(message.message_ids)
        return succeeded

    def _part(self, joiner: Joiner, key: PartKey, part: InboundMessage) -> Steps[bool]:
        with self._lock:
            if self._history.has_inbound(part.message_id):
                return True
            group = joiner.add(key, part, self._clock())
        if not group.is_complete:
            return True
        return (yield from self._hand_over(joiner, group))

    def _overdue(self, joiner: Joiner, group: PartGroup) -> Steps[bool]:
        with self._lock:
            if not joiner.holds(group):
                return True
        succeeded = yield from self._hand_over(joiner, group)
        if not succeeded:
            with self._lock:
                joiner.postpone(group, self._clock())
        return succeeded

    def _hand_over(self, joiner: Joiner, group: PartGroup) -> Steps[bool]:
        succeeded = yield from self._handlers.call(group.joined())
        if succeeded:
            with self._lock:
                self._history.add_inbound(group.message_ids)
                joiner.remove(group)
        return succeeded
