"""The handlers of events: registration, and the steps that call them."""

import logging
import os
import sysconfig
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from clicksoap.callbacks.parsing import Event
from clicksoap.callbacks.steps import Call, Steps, returns_awaitable
from clicksoap.events import DeliveryReport, InboundMessage

ReportHandler = Callable[[DeliveryReport], Awaitable[None] | None]
"""A function that gets a delivery report; sync or async."""

InboundHandler = Callable[[InboundMessage], Awaitable[None] | None]
"""A function that gets an inbound message; sync or async."""

_log: Final = logging.getLogger("clicksoap.callbacks")

_STANDARD_LIBRARY: Final = tuple(f"{sysconfig.get_path(name)}{os.sep}" for name in ("stdlib", "platstdlib"))
_THIS_PACKAGE: Final = f"{Path(__file__).parents[1]}{os.sep}"


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

        The log has the place of a failure, the last line of the caller's own code before it, and its traceback at the
        level DEBUG: the text of a foreign exception may hold numbers.
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
    """The last line that ran, and the last one of the caller's own code, as files and numbers."""
    lines = [(frame.f_code.co_filename, number) for frame, number in traceback.walk_tb(error.__traceback__)]
    if not lines:
        return "an unknown place"
    others = [line for line in lines if not line[0].startswith(_THIS_PACKAGE)]
    own = [line for line in others if not _is_library(line[0])]
    if not own:  # the caller's code may be installed as a package: its first line is the handler
        own = [line for line in others if _is_installed(line[0])][:1]
    return ", called at ".join(dict.fromkeys(f"{file}:{number}" for file, number in (lines[-1], *own[-1:])))


def _is_library(file: str) -> bool:
    return _is_installed(file) or file.startswith((*_STANDARD_LIBRARY, "<"))


def _is_installed(file: str) -> bool:
    return not {"site-packages", "dist-packages"}.isdisjoint(Path(file).parts)
