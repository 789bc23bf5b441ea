"""Runs flows in threads; with `clicksoap.transports.async_driver`, the only place that waits."""

import inspect
import os
import sys
import time
import weakref
from collections.abc import Callable
from typing import TypeVar

from clicksoap.errors import ClicksoapError, ConfigurationError, TransportTimeout
from clicksoap.protocol.effects import Flow, Login, Pause, Prepare, Record, Send, not_its_own_end
from clicksoap.protocol.flows import Flows
from clicksoap.protocol.frames import forget_locals
from clicksoap.protocol.session import Session
from clicksoap.protocol.wire import Transport, WireReply
from clicksoap.transports.flow_ends import has_ended, keep_report, prepared
from clicksoap.transports.places import NoPlaceError, Places

T = TypeVar("T")
Sleep = Callable[[float], None]


def _sleep(seconds: float) -> None:
    time.sleep(seconds)  # looked up at each pause, so that a patched one is used


class Driver:
    """Runs flows over a transport for any number of threads, with one login for all of them.

    Args:
        shared: The parts that it shares with the drivers of the client's views.
        flows: Logs in and prepares.
        sleep: Waits between tries, in place of ``time.sleep``; what it raises ends the call.
    """

    sleep: Sleep = staticmethod(_sleep)

    def __init__(self, shared: "Shared", flows: Flows, sleep: Sleep | None = None) -> None:
        self._shared = shared
        self._flows = flows
        self._own_sleep = sleep

    def view(self, flows: Flows, sleep: Sleep | None) -> "Driver":
        """A driver of other flows over the same transport and session."""
        return Driver(self._shared, flows, sleep or self._own_sleep)

    def run(self, flow: Flow[T], broken: BaseException | None = None) -> T:
        """Carry out the flow's effects until it ends; whatever ends a wait is thrown into the flow.

        Args:
            flow: The flow.
            broken: An exception to throw into it first.

        Raises:
            BaseException: The flow's own error, or an interruption, with the report of a send on it.
        """
        outer = sys.exception()
        reply: WireReply | None = None
        result: T | None = None
        try:
            while True:
                effect = None
                try:
                    effect = flow.send(reply) if broken is None else flow.throw(broken)
                    reply, broken = None, None
                    if isinstance(effect, Send):
                        reply = self._shared.transport.send(effect.request, effect.timeout, effect.deadline)
                    else:
                        self._carry_out(effect)
                except StopIteration as end:
                    if effect is None:  # raised by the flow, which has ended
                        result = end.value
                        return end.value  # type: ignore[no-any-return]
                    broken = not_its_own_end(end)
                except BaseException as error:
                    if has_ended(flow):
                        raise
                    broken = error
        except BaseException as error:
            # A signal handler may raise at any instruction, also between two turns of the loop.
            if has_ended(flow):
                keep_report(error, result, outer)
                forget_locals(error, outer)
                raise
            met = error
        return self.run(flow, met)

    def close(self) -> None:
        """Close every connection; a later call opens new ones."""
        self._shared.transport.close()

    def _carry_out(self, effect: Prepare | Login | Pause | Record) -> None:
        if isinstance(effect, Prepare):
            if not self._shared.is_prepared:
                prepared(self._flows.prepare)
                self._shared.is_prepared = True
        elif isinstance(effect, Login):
            self._login(effect)
        elif isinstance(effect, Pause):
            waiting: object = (self._own_sleep or self.sleep)(effect.seconds)
            if inspect.iscoroutine(waiting):
                waiting.close()
                raise ConfigurationError("sleep= gave a coroutine, which nobody awaits: give a plain function")
        else:
            _record(effect)

    def _login(self, asked: Login) -> None:
        shared = self._shared
        if shared.logins.is_held_here():
            # An observer or a log handler that is told of a login, and calls the client again.
            raise ConfigurationError(
                "an observer, a log handler or a signal handler calls the client while the client logs in: "
                "call it after the login"
            )
        try:
            place = shared.logins.take(asked.deadline)
        except NoPlaceError:
            raise TransportTimeout("the time ran out while another thread logged in", may_have_left=False) from None
        try:
            if shared.session.settled(asked.held, asked.limits):
                return
            try:
                shared.session.opened(self.run(self._flows.login(asked.deadline)))
            except ClicksoapError as error:
                shared.session.failed(error, asked.limits)
                raise
        finally:
            place.leave()
            shared.logins.wake()


def _record(effect: Record) -> None:
    waiting = effect.recorder(effect.event)
    if waiting is not None:
        if inspect.iscoroutine(waiting):
            waiting.close()
        raise ConfigurationError("the recorder is asynchronous: give a function, or use an AsyncClient")


class Shared:
    """The parts that a client and its views share: transport, session, and the place of the one that logs in."""

    def __init__(self, transport: Transport, session: Session) -> None:
        self.transport = transport
        self.session = session
        self.logins = Places(1)
        self.is_prepared = False
        _all_shared.add(self)

    def after_fork(self) -> None:
        """Give a forked child a login, a session and connections of its own."""
        self.logins = Places(1)
        self.session.forget()
        self.transport.after_fork()


_all_shared: "weakref.WeakSet[Shared]" = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for shared in list(_all_shared):
        shared.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
