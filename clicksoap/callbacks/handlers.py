"""The handlers of events: registration, and the steps that call them."""

import logging
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from clicksoap.callbacks.parsing import Event
from clicksoap.callbacks.steps import Call, Steps, returns_awaitable
from clicksoap.events import DeliveryReport, InboundMessage

ReportHandler = Callable[[DeliveryReport], Awaitable[None] | None]
"""A function that gets a delivery report; sync or async."""

InboundHandler = Callable[[InboundMessage], Awaitable[None] | None]
"""A function that gets an inbound message; sync or async."""

_log: Final = logging.getLogger("clicksoap.callbacks")


@dataclass(frozen=True, slots=True)
class _Handler:
    function: Callable[[Any], object]
    is_async: bool


@dataclass(slots=True)
class Handlers:
    """The handlers of both kinds of events, in the order in which they were registered."""

    _reports: list[_Handler] = field(default_factory=list[_Handler])
    _inbound: list[_Handler] = field(default_factory=list[_Handler])

    def add_report(self, function: ReportHandler) -> None:
        """Register a handler of delivery reports."""
        self._reports.append(_Handler(function, returns_awaitable(function)))

    def add_inbound(self, function: InboundHandler) -> None:
        """Register a handler of inbound messages."""
        self._inbound.append(_Handler(function, returns_awaitable(function)))

    @property
    def has_async(self) -> bool:
        """True if any of them is async."""
        return any(handler.is_async for handler in (*self._reports, *self._inbound))

    def call(self, event: Event) -> Steps[bool]:
        """Call all handlers of an event, one after the other. True if all succeeded.

        The log has the place of a failure, and its traceback at the level DEBUG: the text of a foreign exception may
        hold numbers.
        """
        is_report = isinstance(event, DeliveryReport)
        handlers = self._reports if is_report else self._inbound
        if not handlers:
            kind, name = ("delivery reports", "on_delivery_report") if is_report else ("inbound messages", "on_inbound")
            _log.error("no function handles %s: register one by @callbacks.%s", kind, name)
            return False
        for handler in handlers:
            try:
                yield Call(handler.function, (event,), handler.is_async)
            except Exception as error:  # noqa: BLE001 - the gateway is to try again, whatever failed
                name = getattr(handler.function, "__qualname__", type(handler.function).__name__)
                _log.error("the handler %s failed: %s at %s", name, type(error).__name__, _place(error))
                _log.debug("the handler %s failed", name, exc_info=error)
                return False
        return True


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__, limit=-1)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "an unknown place"
