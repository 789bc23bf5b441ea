"""Runs flows in tasks; a module of its own, so that a program of threads does not load asyncio."""

import asyncio
import inspect
import os
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

from clicksoap.errors import ClicksoapError, ConfigurationError, TransportTimeout
from clicksoap.protocol.effects import Flow, Login, Pause, Prepare, Record, Send, not_its_own_end
from clicksoap.protocol.flows import Flows
from clicksoap.protocol.frames import forget_locals
from clicksoap.protocol.session import Session
from clicksoap.protocol.wire import AsyncTransport, WireReply
from clicksoap.transports.flow_ends import has_ended, keep_report, prepared
from clicksoap.transports.lookup import NoThreadError
from clicksoap.transports.loop_threads import in_thread

T = TypeVar("T")
AsyncSleep = Callable[[float], Awaitable[None]]


async def _sleep(seconds: float) -> None:
    await asyncio.sleep(seconds)  # looked up at each pause, so that a patched one is used


class AsyncDriver:
    """Runs flows over a transport for any number of tasks of one event loop, with one login for all of them.

    Args:
        shared: The parts that it shares with the drivers of the client's views.
        flows: Logs in and prepares.
        sleep: Waits between tries, in place of ``asyncio.sleep``; what it raises ends the call.
    """

    sleep: AsyncSleep = staticmethod(_sleep)

    def __init__(self, shared: "Shared", flows: Flows, sleep: AsyncSleep | None = None) -> None:
        self._shared = shared
        self._flows = flows
        self._own_sleep = sleep

    def view(self, flows: Flows, sleep: AsyncSleep | None) -> "AsyncDriver":
        """A driver of other flows over the same transport, session and login lock."""
        return AsyncDriver(self._shared, flows, sleep or self._own_sleep)

    async def run(self, flow: Flow[T], broken: BaseException | None = None) -> T:
        """Carry out the flow's effects until it ends; whatever ends a wait, also a cancellation, is thrown into it.

        Args:
            flow: The flow.
            broken: An exception to throw into it first.

        Raises:
            BaseException: The flow's own error, or an interruption, with the report of a send on it.
        """
        self._shared.check_home()
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
                        reply = await self._shared.transport.send(effect.request, effect.timeout, effect.deadline)
                    else:
                        await self._carry_out(effect)
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
        return await self.run(flow, met)

    async def close(self) -> None:
        """Close every connection; a later call opens new ones.

        Raises:
            ConfigurationError: The running event loop is not the one of the client's first call.
        """
        if self._shared.home is not None:
            self._shared.check_home()
        await self._shared.transport.close()

    async def _carry_out(self, effect: Prepare | Login | Pause | Record) -> None:
        if isinstance(effect, Prepare):
            if not self._shared.is_prepared:
                await self._prepare()
        elif isinstance(effect, Login):
            await self._login(effect)
        elif isinstance(effect, Pause):
            await _awaitable((self._own_sleep or self.sleep)(effect.seconds))
        else:
            await _recorded(effect)

    async def _prepare(self) -> None:
        """Prepare once, in a thread. A task that waits for another one's failure tries again by itself."""
        shared = self._shared
        while not shared.is_prepared:
            if shared.preparing is not None:
                # An event wakes all its waiters at once. A lock would let them go one by one, and the last of many
                # would start behind a login that has failed for the others, and log in once more.
                await shared.preparing.wait()
                continue
            shared.preparing = done = asyncio.Event()
            try:
                try:
                    await in_thread(self._prepare_blocking)
                except NoThreadError:  # as at the end of the interpreter: it blocks the loop for some milliseconds
                    self._prepare_blocking()
                shared.is_prepared = True
            finally:
                shared.preparing = None
                done.set()

    def _prepare_blocking(self) -> None:
        prepared(self._shared.transport.prepare)
        prepared(self._flows.prepare)

    async def _login(self, asked: Login) -> None:
        shared = self._shared
        try:
            async with asyncio.timeout_at(asked.deadline):
                await shared.lock.acquire()
        except TimeoutError:
            waited = TransportTimeout("the time ran out while another task logged in", may_have_left=False)
            raise waited from None
        try:
            if shared.session.settled(asked.held, asked.limits):
                return
            try:
                shared.session.opened(await self.run(self._flows.login(asked.deadline)))
            except ClicksoapError as error:
                shared.session.failed(error, asked.limits)
                raise
        finally:
            shared.lock.release()


def _awaitable(pause: object) -> Awaitable[None]:
    if not inspect.isawaitable(pause):
        raise ConfigurationError("sleep= gave nothing to await: give a coroutine function, such as asyncio.sleep")
    return pause


async def _recorded(effect: Record) -> None:
    waiting = effect.recorder(effect.event)
    if waiting is not None:
        await waiting


class Shared:
    """The parts that a client and its views share: transport, session, locks, and the event loop of the first call."""

    def __init__(self, transport: AsyncTransport, session: Session) -> None:
        self.transport = transport
        self.session = session
        self.lock = asyncio.Lock()
        self.preparing: asyncio.Event | None = None
        self.is_prepared = False
        self.home: tuple[int, asyncio.AbstractEventLoop] | None = None

    def check_home(self) -> None:
        """Refuse an event loop or a process that is not the one of the first call."""
        try:
            here = (os.getpid(), asyncio.get_running_loop())
        except RuntimeError:
            # trio and curio run coroutines, too.
            here = None
        if here is None:
            raise ConfigurationError(
                "an AsyncClient needs a running asyncio event loop, and there is none: call it under asyncio.run, "
                "or use a Client in a thread under trio"
            )
        if self.home is None:
            self.home = here
        if self.home != here:
            raise ConfigurationError(
                "an AsyncClient belongs to the event loop and the process of its first call: make one in each"
            )
