"""Processing with a store: an event is stored, answered, and handled then."""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from clicksoap.callbacks.handlers import Handlers
from clicksoap.callbacks.joining import PartGroup, PartKey, key_of
from clicksoap.callbacks.parsing import Event
from clicksoap.callbacks.steps import Call, Job, Steps
from clicksoap.callbacks.store import Claim, Store, StoredEvent
from clicksoap.events import DeliveryReport

_log: Final = logging.getLogger("clicksoap.callbacks")

_MAX_BACKOFF: Final = 3600.0
_LOOK_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class _Rest:
    """The reason why a claim is not handled completely: when to go on, and whether a handler failed."""

    until: float
    failed: bool


class Stored:
    """Stores, joins, de-duplicates and hands over events; several processes may share the store.

    Args:
        handlers: Get the events.
        join_seconds: The time after its first part at which an unfinished message is handed over; None to hand over
            each part.
        clock: Gives the present time in seconds since 1970.
        store: Keeps the events.
    """

    def __init__(
        self, handlers: Handlers, join_seconds: float | None, clock: Callable[[], float], store: Store
    ) -> None:
        self._handlers = handlers
        self._join_seconds = join_seconds
        self._clock = clock
        self._store = store
        self._next_due: float | None = 0.0  # an earlier process may have left something

    def accept(self, event: Event) -> Job:
        """The job that stores an event."""
        return Job(None, self._add(event))

    def due(self, now: float) -> list[Job]:
        """The job that handles everything that is due; ``now`` is not used."""
        del now
        return [Job(None, self._work())]

    def next_due(self) -> float | None:
        """The time at which to look for work again; None while the work is in progress."""
        return self._next_due

    def _add(self, event: Event) -> Steps[bool]:
        try:
            yield Call(self._store.add, (event, _identity(event), self._group(event), self._clock()))
        except Exception as error:  # noqa: BLE001 - the gateway is to try again, whatever failed
            _log.error("the store failed: %s", type(error).__name__)
            _log.debug("the store failed", exc_info=error)
            return False
        self._next_due = 0.0
        return True

    def _work(self) -> Steps[bool]:
        self._next_due = None
        try:
            while (claim := (yield Call(self._store.claim, (self._clock(),)))) is not None:
                yield from self._handle(claim)
            due: float | None = yield Call(self._store.next_due, ())
        except BaseException:
            self._next_due = 0.0
            raise
        if self._next_due is None:  # else an event came meanwhile
            # Another process may add something and die before it handles it.
            look = self._clock() + _LOOK_SECONDS
            self._next_due = look if due is None else min(due, look)
        return True

    def _handle(self, claim: Claim) -> Steps[None]:
        first = claim.waiting[0].event
        if isinstance(first, DeliveryReport):
            rest = yield from self._reports(claim)
        elif (key := self._key(first)) is None:
            rest = yield from self._call(claim, first, [each.number for each in claim.waiting])
        else:
            rest = yield from self._parts(claim, key)
        if rest is not None:
            yield Call(self._release, (claim, rest))

    def _reports(self, claim: Claim) -> Steps[_Rest | None]:
        latest: DeliveryReport | None = None
        for handled in claim.handled:
            latest = handled if handled.supersedes(latest) else latest
        for each in claim.waiting:
            report = each.event
            if not isinstance(report, DeliveryReport):
                continue
            if report.supersedes(latest):
                rest = yield from self._call(claim, report, [each.number])
                if rest is not None:
                    return rest
                latest = report
            else:
                yield Call(self._store.finish, (claim, [each.number]))
        return None

    def _parts(self, claim: Claim, key: PartKey) -> Steps[_Rest | None]:
        """Hand over the complete, the replaced and the overdue message; the last one may have to wait."""
        groups: list[tuple[PartGroup, list[int]]] = []
        for each in claim.waiting:
            self._place(groups, key, each)
        for group, numbers in groups:
            is_last = group is groups[-1][0]
            if is_last and not group.is_complete and group.due > self._clock():
                return _Rest(group.due, failed=False)
            rest = yield from self._call(claim, group.joined(), numbers)
            if rest is not None:
                return rest
        return None

    def _place(self, groups: list[tuple[PartGroup, list[int]]], key: PartKey, each: StoredEvent) -> None:
        if isinstance(each.event, DeliveryReport) or (place := each.event.concatenation) is None:
            return
        if not groups or groups[-1][0].is_complete or not groups[-1][0].accepts(place, each.event):
            groups.append((PartGroup(key, each.at + (self._join_seconds or 0.0)), []))
        groups[-1][0].add(place, each.event)
        groups[-1][1].append(each.number)

    def _call(self, claim: Claim, event: Event, numbers: list[int]) -> Steps[_Rest | None]:
        """Call the handlers. None if all succeeded."""
        succeeded = yield from self._handlers.call(event)
        if succeeded:
            yield Call(self._store.finish, (claim, numbers))
            return None
        pause = min(2.0 ** min(claim.failures, 20), _MAX_BACKOFF)
        return _Rest(self._clock() + pause, failed=True)

    def _release(self, claim: Claim, rest: _Rest) -> None:
        self._store.release(claim, rest.until, failed=rest.failed)

    def _key(self, event: Event) -> PartKey | None:
        if isinstance(event, DeliveryReport) or self._join_seconds is None:
            return None
        return key_of(event)

    def _group(self, event: Event) -> str:
        if isinstance(event, DeliveryReport):
            return f"report {event.message_id}"
        key = self._key(event)
        if key is None:
            return f"inbound {event.message_id}"
        # A digest, so that no number stands in a column of names.
        return f"parts {hashlib.sha256(repr(tuple(key)).encode()).hexdigest()}"


def _identity(event: Event) -> str:
    if isinstance(event, DeliveryReport):
        return f"report {event.message_id} {event.code} {event.at.timestamp():.0f}"
    return f"inbound {event.message_id}"
