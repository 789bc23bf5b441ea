"""The event bus: publishes the gateway's events to its listeners, in order."""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock, RLock
from typing import Final, Literal

from clicksoap.simulator.gateway.messages import Message

EventKind = Literal["accepted", "status", "deleted", "inbound", "exchange", "callback", "account", "reset"]

_log: Final = logging.getLogger("clicksoap.simulator")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in the gateway.

    Attributes:
        kind: The kind. ``accepted``: messages, as they were then. ``status``: one message with another status.
            ``deleted``: messages, or all of them if the event has none. ``inbound``: a message from a handset.
            ``exchange``: a request was answered. ``callback``: the customer's server was called. ``account``: an
            account was changed by hand. ``reset``: everything was forgotten.
        at: The time, by the gateway's clock.
        messages: The messages of the event, if any.
        about: The id of its subject, if that is not a message.
    """

    kind: EventKind
    at: datetime
    messages: tuple[Message, ...] = field(default=(), repr=False)
    about: str = ""


class EventBus:
    """Publishes events to listeners, in the order in which they happened.

    Listeners are called in the thread that caused the event, one at a time, and never while the gateway is locked. A
    listener must not wait. If it raises, that is logged, and the other listeners are called all the same.
    """

    def __init__(self) -> None:
        self._queue: deque[Event] = deque()
        self._listeners: tuple[Callable[[Event], None], ...] = ()
        self._lock = Lock()
        self._publishing = RLock()

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call a listener with every event from now on.

        Returns:
            Ends the subscription.
        """
        with self._lock:
            self._listeners = (*self._listeners, listener)

        def end() -> None:
            with self._lock:
                self._listeners = tuple(each for each in self._listeners if each is not listener)

        return end

    def add(self, event: Event) -> None:
        """Queue an event; the next ``flush`` publishes it."""
        if self._listeners:
            self._queue.append(event)

    def flush(self) -> None:
        """Publish the queued events; every event that was queued before has been published when this returns."""
        with self._publishing:  # even if the queue is empty: another thread may be publishing an event of this one
            while self._queue:
                event = self._queue.popleft()
                for listener in self._listeners:
                    try:
                        listener(event)
                    except Exception as error:  # noqa: BLE001 - neither the command nor the next listener may fail
                        _log.error("a listener of the event bus failed: %s", type(error).__name__)

    def publish(self, event: Event) -> None:
        """Queue an event and publish it."""
        self.add(event)
        self.flush()
