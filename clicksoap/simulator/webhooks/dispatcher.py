"""Delivery reports and inbound messages for the customer's server: scheduling, retries and faults."""

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Condition
from typing import Final, assert_never, get_args

from clicksoap.codes import MessageStatus
from clicksoap.simulator.event_loop import has_running_loop
from clicksoap.simulator.front.command import Command
from clicksoap.simulator.gateway.callback_url import CallbackUrl
from clicksoap.simulator.gateway.event_bus import Event
from clicksoap.simulator.gateway.gateway import Gateway
from clicksoap.simulator.gateway.messages import Message
from clicksoap.simulator.webhooks import formats
from clicksoap.simulator.webhooks.attempts import MAX_ATTEMPTS, Attempt, AttemptLog
from clicksoap.simulator.webhooks.callable_networks import CallableNetworks
from clicksoap.simulator.webhooks.delivery_queue import MAX_WAITING, Delivery
from clicksoap.simulator.webhooks.delivery_workers import DeliveryWorkers
from clicksoap.simulator.webhooks.faults import CallbackFaults
from clicksoap.simulator.webhooks.formats import CallbackKind
from clicksoap.simulator.webhooks.http_call import CallResult
from clicksoap.simulator.webhooks.inbound import Inbound
from clicksoap.simulator.webhooks.reported_statuses import is_reported

__all__ = ["INBOUND_PAUSES", "REPORT_PAUSES", "Attempt", "Callbacks"]

REPORT_PAUSES: Final = (*(timedelta(minutes=2**power) for power in range(1, 8)), timedelta(days=3))
"""The pause after each failed try of a report, in order. After the last one it is given up."""

INBOUND_PAUSES: Final = tuple(timedelta(minutes=each) for each in (2, 4, 8, 16, 25))
"""The pauses for a message from a handset."""

_MAX_REPLY_DELAY: Final = 30.0


class Callbacks:
    """Calls the customer's server with delivery reports and inbound messages; safe to use from any thread.

    A call succeeds with a status of 200 to 299. Every other outcome, redirects included, is tried again. Reports of one
    message are delivered in order, and so are messages from one handset to one number: the next one waits until the
    one before it has succeeded or is given up. Calls are made from the beginning, even without ``start``, until
    ``stop``.

    Args:
        gateway: The gateway whose messages are reported.
        networks: The addresses that may be called; None for all.
    """

    def __init__(self, gateway: Gateway, networks: CallableNetworks | None = None) -> None:
        self._gateway = gateway
        self._attempts = AttemptLog(gateway.event_bus)
        self._workers = DeliveryWorkers(gateway.clock, self._on_attempt, networks or CallableNetworks(private=True))
        self._changed = Condition()
        self._faults = CallbackFaults()
        self._losses_left = 0
        self._held: dict[str, list[Delivery]] = {}
        # For replies that wait: the ids of reported messages, and the number of calls of _drop_pending.
        self._reported: deque[str] = deque(maxlen=MAX_ATTEMPTS)
        self._clears = 0
        self._stopped = False
        self._remove_reply_hook: Callable[[], None] | None = None
        gateway.event_bus.subscribe(self._on_event)

    def start(self) -> None:
        """Make calls again after ``stop``."""
        self._stopped = False
        self._workers.open()

    def stop(self) -> None:
        """Make no more calls, and drop the waiting deliveries."""
        self._stopped = True
        self._drop_pending()
        self._workers.close()

    @property
    def faults(self) -> CallbackFaults:
        """The faults in force. They can be replaced at any time; ``lose`` then counts anew."""
        return self._faults

    @faults.setter
    def faults(self, faults: CallbackFaults) -> None:
        with self._changed:
            self._faults, self._losses_left = faults, faults.lose
            self._hold_replies(on=faults.before_answer)
            self._changed.notify_all()
            if not faults.reorder:
                for message_id in list(self._held):
                    self._release_held(message_id)

    def attempts(self) -> list[Attempt]:
        """All kept calls, the latest first."""
        return self._attempts.latest()

    def report(self, message_id: str) -> None:
        """Report the present status of a message once more, for any value of its ``callback``.

        Raises:
            KeyError: Unknown message id.
            ValueError: Neither the account nor the settings have a callback.
        """
        message = self._gateway.message(message_id)
        target = self._target("report", message.account)
        if target is None:
            raise ValueError("no address for delivery reports: give the account, or the settings, a callback")
        # With a key of its own, it waits for no other delivery.
        self._workers.add(_report_delivery(target, message, ordering_key=object()))

    def deliver_inbound(self, parts: Sequence[Inbound]) -> None:
        """Deliver a message from a handset, or its parts, if the account or the settings have an address."""
        with self._changed:
            for each in reversed(parts) if self._faults.reorder else parts:
                target = self._target("inbound", (each.api_id, each.user))
                if target is not None and not self._is_lost(each.id):
                    self._enqueue(_inbound_delivery(target, each))

    def validate(self, target: CallbackUrl, kind: CallbackKind = "report") -> Attempt:
        """Call an address once without parameters, as the vendor's portal does before it accepts an address.

        Args:
            target: The address.
            kind: ``report`` for an address for delivery reports, ``inbound`` for messages from handsets.

        Raises:
            ValueError: Unknown ``kind``.
        """
        if kind not in get_args(CallbackKind):
            raise ValueError(f"unknown kind {kind!r}: give 'report' or 'inbound'")
        request = formats.validation(target, kind)
        delivery = Delivery(kind, "", "", None, request, (), tries=1)
        at = self._gateway.clock.now()
        return self._attempts.add(delivery, at, self._workers.call(request), None)

    def settle(self, timeout: float = 5.0) -> int:
        """Wait until all deliveries are made that are due by the gateway's clock. Later tries are not due yet.

        Args:
            timeout: The maximum wait in real seconds.

        Returns:
            The number of calls that were made since the last ``settle``, ``clear`` or ``stop``; 0 if nothing was to
            deliver.

        Raises:
            TimeoutError: Some are still in progress after ``timeout`` seconds.
        """
        self._gateway.advance()
        return self._workers.settle(timeout)

    def clear(self) -> None:
        """Drop all recorded calls and all waiting deliveries, and remove the faults."""
        self._drop_pending()
        self._attempts.clear()
        self.faults = CallbackFaults()

    def _on_event(self, event: Event) -> None:
        if event.kind == "reset":
            self._drop_pending()
        elif event.kind in {"accepted", "status"}:
            for message in event.messages:
                if message.callback:
                    self._on_status(message)
        elif event.kind == "deleted":
            with self._changed:
                for message in event.messages:  # a deleted message never becomes final
                    self._release_held(message.id)

    def _on_status(self, message: Message) -> None:
        target = self._target("report", message.account) if self._wants_report(message, message.status) else None
        with self._changed:
            if target is not None and not self._is_lost(message.id):
                delivery = _report_delivery(target, message, ordering_key=("report", message.id))
                if self._faults.reorder:
                    self._held.setdefault(message.id, []).append(delivery)
                    if len(self._held) > MAX_WAITING:  # no event says that the gateway dropped an old message
                        self._release_held(next(iter(self._held)))
                else:
                    self._enqueue(delivery)
            if MessageStatus.of(message.status).is_final:
                self._release_held(message.id)

    def _wants_report(self, message: Message, status: str) -> bool:
        return is_reported(status, message.callback, stops=self._gateway.settings.report_stops)

    def _target(self, kind: CallbackKind, account: tuple[int, str]) -> CallbackUrl | None:
        settings = self._gateway.settings
        try:
            own = self._gateway.account(*account)
        except KeyError:  # a reset dropped the account
            own = None
        match kind:
            case "report":
                return (own.callback if own else None) or settings.callback
            case "inbound":
                return (own.inbound if own else None) or settings.inbound
            case _:
                assert_never(kind)

    def _is_lost(self, message_id: str) -> bool:
        if not self._losses_left:
            return False
        self._losses_left -= 1
        self._reported.append(message_id)
        self._changed.notify_all()
        return True

    def _release_held(self, message_id: str) -> None:
        for delivery in reversed(self._held.pop(message_id, ())):
            self._enqueue(delivery)

    def _enqueue(self, delivery: Delivery) -> None:
        for _ in range(1 + self._faults.duplicates):
            self._workers.add(replace(delivery))

    def _drop_pending(self) -> None:
        with self._changed:
            self._held.clear()
            self._reported.clear()
            self._clears += 1
            self._changed.notify_all()
        self._workers.clear()

    def _on_attempt(self, delivery: Delivery, at: datetime, result: CallResult, next_at: datetime | None) -> None:
        self._attempts.add(delivery, at, result, next_at)
        with self._changed:
            self._reported.append(delivery.message_id)
            self._changed.notify_all()

    def _hold_replies(self, *, on: bool) -> None:
        if on and self._remove_reply_hook is None:
            self._remove_reply_hook = self._gateway.add_reply_hook(self._wait_for_reports)
        elif not on and self._remove_reply_hook is not None:
            self._remove_reply_hook()
            self._remove_reply_hook = None

    def _wait_for_reports(self, command: Command) -> None:
        """Delay the reply to a command until its messages are reported (fault ``before_answer``)."""
        if not self._faults.before_answer or not command.to:
            return
        if has_running_loop():  # the server's own loop: the fault was set while the command ran
            return
        with self._changed:
            clears = self._clears
        expected = {
            each.id
            for each in self._gateway.messages
            if each.exchange == command.exchange and self._will_be_reported(each)
        }

        def is_done() -> bool:
            over = self._stopped or self._clears != clears or not self._faults.before_answer
            return over or expected.issubset(self._reported)

        with self._changed:
            self._changed.wait_for(is_done, _MAX_REPLY_DELAY)

    def _will_be_reported(self, message: Message) -> bool:
        stages = (*message.history, *self._gateway.planned(message.id))
        return (
            message.callback > 0
            and any(self._wants_report(message, each.status) for each in stages)
            and self._target("report", message.account) is not None
        )


def _report_delivery(target: CallbackUrl, message: Message, ordering_key: Hashable) -> Delivery:
    return Delivery("report", message.id, message.status, ordering_key, formats.report(target, message), REPORT_PAUSES)


def _inbound_delivery(target: CallbackUrl, message: Inbound) -> Delivery:
    ordering_key = ("inbound", message.api_id, message.user, message.sender, message.to)
    return Delivery("inbound", message.id, "", ordering_key, formats.inbound(target, message), INBOUND_PAUSES)
