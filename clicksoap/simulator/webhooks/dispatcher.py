"""What is due to the customer's server, brought there: tried, tried again, and kept for whoever looks later."""

import asyncio
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Condition
from typing import Final, Literal

from clicksoap.codes import MessageStatus
from clicksoap.simulator.front.command import Command
from clicksoap.simulator.gateway.callback_url import CallbackUrl
from clicksoap.simulator.gateway.event_bus import Event
from clicksoap.simulator.gateway.gateway import Gateway
from clicksoap.simulator.gateway.messages import Message
from clicksoap.simulator.webhooks import formats
from clicksoap.simulator.webhooks.attempts import KEPT, Attempt, Attempts
from clicksoap.simulator.webhooks.call import Result
from clicksoap.simulator.webhooks.classes import is_reported
from clicksoap.simulator.webhooks.delivery_queue import MAX_WAITING, Delivery
from clicksoap.simulator.webhooks.delivery_workers import DeliveryWorkers
from clicksoap.simulator.webhooks.faults import CallbackFaults
from clicksoap.simulator.webhooks.inbound import Inbound

__all__ = ["INBOUND_PAUSES", "REPORT_PAUSES", "Attempt", "Callbacks"]

REPORT_PAUSES: Final = (*(timedelta(minutes=2**power) for power in range(1, 8)), timedelta(days=3))
"""How long a report waits after each try that failed, in order; then it is given up."""

INBOUND_PAUSES: Final = tuple(timedelta(minutes=each) for each in (2, 4, 8, 16, 25))
"""The same for a message from a handset."""

_LONGEST_HOLD: Final = 30.0


class Callbacks:
    """The calls of the customer's server; safe to use from any thread.

    What is not answered with a status of 200 to 299 is tried again, a redirection included. What comes later of the
    same message, or from the same handset to the same number, waits until what was before it is delivered or given up.
    It works from the beginning, ``start`` or not, but not once it was stopped.

    Args:
        gateway: Whose messages are reported.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._attempts = Attempts(gateway.event_bus)
        self._courier = DeliveryWorkers(gateway.clock, self._tried)
        self._changed = Condition()
        self._faults = CallbackFaults()
        self._to_lose = 0
        self._held: dict[str, list[Delivery]] = {}
        # For replies that wait: the messages that were reported, and how often everything was forgotten.
        self._reported: deque[str] = deque(maxlen=KEPT)
        self._forgotten = 0
        self._stopped = False
        self._remove_reply_hook: Callable[[], None] | None = None
        gateway.event_bus.subscribe(self._hear)

    def start(self) -> None:
        """Begin to call."""
        self._stopped = False
        self._courier.open()

    def stop(self) -> None:
        """Call nobody any more; what was not delivered yet is dropped."""
        self._stopped = True
        self._forget()
        self._courier.close()

    @property
    def faults(self) -> CallbackFaults:
        """What goes wrong; others may be put in their place at any time, from when on ``lose`` counts."""
        return self._faults

    @faults.setter
    def faults(self, faults: CallbackFaults) -> None:
        with self._changed:
            self._faults, self._to_lose = faults, faults.lose
            self._hold_replies(on=faults.before_answer)
            self._changed.notify_all()
            if not faults.reorder:
                for message_id in list(self._held):
                    self._release(message_id)

    def attempts(self) -> list[Attempt]:
        """Every call that is kept, the latest first."""
        return self._attempts.latest()

    def report(self, message_id: str) -> None:
        """Report a message's present status once more, whatever its ``callback`` says.

        Raises:
            KeyError: There is no such message.
            ValueError: There is no address for its reports.
        """
        message = self._gateway.message(message_id)
        target = self._target("report", message.account)
        if target is None:
            raise ValueError("nobody is to be told: give the account, or the settings, a callback")
        self._courier.add(_of_report(target, message, lane=object()))  # a lane of its own, to wait for nothing

    def pass_on(self, parts: Sequence[Inbound]) -> None:
        """Deliver a message from a handset, or the parts of one, if there is an address for it."""
        with self._changed:
            for each in reversed(parts) if self._faults.reorder else parts:
                target = self._target("inbound", (each.api_id, each.user))
                if target is not None and not self._is_lost(each.id):
                    self._deliver(_of_inbound(target, each))

    def validate(self, target: CallbackUrl, kind: Literal["report", "inbound"] = "report") -> Attempt:
        """Call an address without parameters, as the vendor's portal does before it takes one; never tried again.

        Args:
            target: The address.
            kind: What it is for.
        """
        outgoing = formats.validation(target, kind)
        delivery = Delivery(kind, "", "", None, outgoing, (), tries=1)
        at = self._gateway.clock.now()
        return self._attempts.add(delivery, at, self._courier.call(outgoing), None)

    def settle(self, timeout: float = 5.0) -> bool:
        """Wait until nothing is undelivered that is due by the gateway's clock; what is to be tried later is not due.

        Args:
            timeout: The most real seconds to wait.

        Returns:
            Whether it came to that in time.
        """
        self._gateway.advance()
        return self._courier.settle(timeout)

    def clear(self) -> None:
        """Forget every call, those that were still to be made included, and let nothing go wrong any more."""
        self._forget()
        self._attempts.clear()
        self.faults = CallbackFaults()

    def _hear(self, event: Event) -> None:
        if event.kind == "reset":
            self._forget()
        elif event.kind in {"accepted", "status"}:
            for message in event.messages:
                if message.callback:
                    self._heed(message)
        elif event.kind == "deleted":
            with self._changed:
                for message in event.messages:  # it will not become final any more
                    self._release(message.id)

    def _heed(self, message: Message) -> None:
        target = self._target("report", message.account) if self._asks(message, message.status) else None
        with self._changed:
            if target is not None and not self._is_lost(message.id):
                delivery = _of_report(target, message, lane=("report", message.id))
                if self._faults.reorder:
                    self._held.setdefault(message.id, []).append(delivery)
                    if len(self._held) > MAX_WAITING:  # nobody tells that a message gave way to others
                        self._release(next(iter(self._held)))
                else:
                    self._deliver(delivery)
            if MessageStatus.of(message.status).is_final:
                self._release(message.id)

    def _asks(self, message: Message, status: str) -> bool:
        return is_reported(status, message.callback, stops=self._gateway.settings.report_stops)

    def _target(self, kind: Literal["report", "inbound"], account: tuple[int, str]) -> CallbackUrl | None:
        settings = self._gateway.settings
        general = settings.callback if kind == "report" else settings.inbound
        try:
            own = self._gateway.account(*account)
        except KeyError:  # forgotten by a reset
            return general
        return (own.callback if kind == "report" else own.inbound) or general

    def _is_lost(self, message_id: str) -> bool:
        if not self._to_lose:
            return False
        self._to_lose -= 1
        self._reported.append(message_id)
        self._changed.notify_all()
        return True

    def _release(self, message_id: str) -> None:
        for delivery in reversed(self._held.pop(message_id, ())):
            self._deliver(delivery)

    def _deliver(self, delivery: Delivery) -> None:
        for _ in range(1 + self._faults.duplicates):
            self._courier.add(replace(delivery))

    def _forget(self) -> None:
        with self._changed:
            self._held.clear()
            self._reported.clear()
            self._forgotten += 1
            self._changed.notify_all()
        self._courier.forget()

    def _tried(self, delivery: Delivery, at: datetime, result: Result, next_at: datetime | None) -> None:
        self._attempts.add(delivery, at, result, next_at)
        with self._changed:
            self._reported.append(delivery.message_id)
            self._changed.notify_all()

    def _hold_replies(self, *, on: bool) -> None:
        if on and self._remove_reply_hook is None:
            self._remove_reply_hook = self._gateway.add_reply_hook(self._hold_reply)
        elif not on and self._remove_reply_hook is not None:
            self._remove_reply_hook()
            self._remove_reply_hook = None

    def _hold_reply(self, command: Command) -> None:
        """Let the reply to a command wait for the reports of its messages, if that is what goes wrong."""
        if not self._faults.before_answer or not command.to or _has_loop():
            return
        with self._changed:
            forgotten = self._forgotten
        wanted = {
            each.id
            for each in self._gateway.messages
            if each.exchange == command.exchange and self._is_to_be_told(each)
        }

        def enough() -> bool:
            over = self._stopped or self._forgotten != forgotten or not self._faults.before_answer
            return over or wanted.issubset(self._reported)

        with self._changed:
            self._changed.wait_for(enough, _LONGEST_HOLD)

    def _is_to_be_told(self, message: Message) -> bool:
        stages = (*message.history, *self._gateway.planned(message.id))
        return (
            message.callback > 0
            and any(self._asks(message, each.status) for each in stages)
            and self._target("report", message.account) is not None
        )


def _has_loop() -> bool:
    """Whether an event loop runs in this thread: the server's, if this began to go wrong during a command."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _of_report(target: CallbackUrl, message: Message, lane: Hashable) -> Delivery:
    return Delivery("report", message.id, message.status, lane, formats.report(target, message), REPORT_PAUSES)


def _of_inbound(target: CallbackUrl, message: Inbound) -> Delivery:
    lane = ("inbound", message.api_id, message.user, message.sender, message.to)
    return Delivery("inbound", message.id, "", lane, formats.inbound(target, message), INBOUND_PAUSES)
