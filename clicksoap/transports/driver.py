"""Running flows in threads: with `clicksoap.transports.async_driver`, the only place that waits."""

import inspect
import os
import threading
import time
import weakref
from typing import TypeVar

from clicksoap.errors import ClicksoapError, ConfigurationError, NotSent, TransportTimeout
from clicksoap.protocol.flows import Flow, Flows, Login, Prepare, Send
from clicksoap.protocol.retry import pauses
from clicksoap.protocol.session import Session
from clicksoap.protocol.wire import Transport, WireReply

T = TypeVar("T")


class Driver:
    """Runs flows over a transport for any number of threads, with one login for all of them."""

    def __init__(self, transport: Transport, flows: Flows, session: Session) -> None:
        self._transport = transport
        self._flows = flows
        self._session = session
        self._lock = threading.Lock()
        self._logging_in: int | None = None
        _drivers.add(self)

    def run(self, flow: Flow[T]) -> T:
        """Do what the flow asks for until it ends; whatever ends a wait is thrown into the flow."""
        reply: WireReply | None = None
        broken: BaseException | None = None
        while True:
            try:
                effect = flow.send(reply) if broken is None else flow.throw(broken)
                reply, broken = None, None
                if isinstance(effect, Send):
                    reply = self._transport.send(effect.request, effect.deadline)
                elif isinstance(effect, Login):
                    self._login(effect)
                elif isinstance(effect, Prepare):
                    self._flows.prepare()
                elif pauses():
                    time.sleep(effect.seconds)
            except StopIteration as end:
                result: T = end.value
                return result
            except BaseException as error:
                if inspect.getgeneratorstate(flow) == inspect.GEN_CLOSED:
                    raise
                broken = error

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()

    def after_fork(self) -> None:
        """Give a forked child a lock, a session and connections of its own."""
        self._lock = threading.Lock()
        self._logging_in = None
        self._session.forget()
        self._transport.after_fork()

    def _login(self, asked: Login) -> None:
        if self._logging_in == threading.get_ident():
            # An observer or a log handler that is told of a login, and calls the client again.
            raise ConfigurationError(
                "a client that is just logging in was called by what watches it: wait until it did"
            )
        if not self._lock.acquire(timeout=max(0.0, asked.deadline - time.monotonic())):
            waited = TransportTimeout("the time ran out while another thread logged in", may_have_left=False)
            raise NotSent(f"nothing was sent: {waited}", cause=waited)
        try:
            self._logging_in = threading.get_ident()
            if self._session.settled(asked.held):
                return
            try:
                self._session.opened(self.run(self._flows.login(asked.deadline)))
            except ClicksoapError as error:
                self._session.failed(error)
                raise
        finally:
            self._logging_in = None
            self._lock.release()


_drivers: "weakref.WeakSet[Driver]" = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for driver in list(_drivers):
        driver.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
