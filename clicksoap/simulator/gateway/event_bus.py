"""News of the gateway, passed on to whoever listens."""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock, RLock
from typing import Final, Literal

from clicksoap.simulator.gateway.model import Message

EventKind = Literal["accepted", "status", "deleted", "inbound", "exchange", "callback", "account", "reset"]

_log: Final = logging.getLogger("clicksoap.simulator")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that has happened.

    Attributes:
        kind: ``accepted`` (messages, as they were then), ``status`` (one message that has another status now),
            ``deleted`` (messages, or with none of them: all), ``inbound`` (a message from a handset), ``exchange`` (a
            request was answered), ``callback`` (the customer's server was tried), ``account`` (somebody changed one
            by hand), ``reset`` (nothing is as before).
        at: When, by the gateway's clock.
        messages: The messages it is about, if any.
        about: The id of what it is about, where that is no message.
    """

    kind: EventKind
    at: datetime
    messages: tuple[Message, ...] = field(default=(), repr=False)
    about: str = ""


class EventBus:
    """Where events come in and go out, in the order in which they happened.

    Listeners are called in the thread that caused the event, one at a time, and never while the gateway is locked. A
    listener must not wait; if it raises, that is logged and nobody else harmed.
    """

    def __init__(self) -> None:
        self._waiting: deque[Event] = deque()
        self._listeners: tuple[Callable[[Event], None], ...] = ()
        self._lock = Lock()
        self._telling = RLock()

    def listen(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Be told of every event from now on; gives what ends it."""
        with self._lock:
            self._listeners = (*self._listeners, listener)

        def end() -> None:
            with self._lock:
                self._listeners = tuple(each for each in self._listeners if each is not listener)

        return end

    def add(self, event: Event) -> None:
        """Note an event; listeners hear of it at the next ``flush``."""
        if self._listeners:
            self._waiting.append(event)

    def flush(self) -> None:
        """Tell the listeners what was noted; whatever was noted before has been told when this returns."""
        with self._telling:  # even if nothing is waiting: another thread may be about to tell what this one noted
            while self._waiting:
                event = self._waiting.popleft()
                for listener in self._listeners:
                    try:
                        listener(event)
                    except Exception as error:  # noqa: BLE001 - it must harm neither the command nor the next listener
                        _log.error("a listener failed: %s", type(error).__name__)

    def tell(self, event: Event) -> None:
        """Note an event and tell the listeners."""
        self.add(event)
        self.flush()
