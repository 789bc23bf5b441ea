"""Runs flows in tasks; a module of its own, so that a program of threads does not load asyncio."""

import asyncio
import inspect
import os
from typing import TypeVar

from clicksoap.errors import ClicksoapError, ConfigurationError, NotSent, TransportTimeout
from clicksoap.protocol.flows import Flow, Flows, Login, Prepare, Send
from clicksoap.protocol.retry import pauses
from clicksoap.protocol.session import Session
from clicksoap.protocol.wire import AsyncTransport, WireReply

T = TypeVar("T")


class AsyncDriver:
    """Runs flows over a transport for any number of tasks of one event loop, with one login for all of them."""

    def __init__(self, transport: AsyncTransport, flows: Flows, session: Session) -> None:
        self._transport = transport
        self._flows = flows
        self._session = session
        self._lock = asyncio.Lock()
        self._home: tuple[int, asyncio.AbstractEventLoop] | None = None
        self._preparing = asyncio.Lock()
        self._prepared = False

    async def run(self, flow: Flow[T]) -> T:
        """Do what the flow asks for until it ends; whatever ends a wait, a cancellation too, is thrown into it."""
        self._check_home()
        reply: WireReply | None = None
        broken: BaseException | None = None
        while True:
            try:
                effect = flow.send(reply) if broken is None else flow.throw(broken)
                reply, broken = None, None
                if isinstance(effect, Send):
                    reply = await self._transport.send(effect.request, effect.deadline)
                elif isinstance(effect, Login):
                    await self._login(effect)
                elif isinstance(effect, Prepare):
                    await self._prepare()
                elif pauses():
                    await asyncio.sleep(effect.seconds)
            except StopIteration as end:
                result: T = end.value
                return result
            except BaseException as error:
                if inspect.getgeneratorstate(flow) == inspect.GEN_CLOSED:
                    raise
                broken = error

    async def close(self) -> None:
        """Close every connection; elsewhere it would close those under the loop that is their home."""
        if self._home is not None:
            self._check_home()
        await self._transport.close()

    async def _prepare(self) -> None:
        """Prepare once, beside the loop; who waits for it in vain tries for himself, and has an error of his own."""
        async with self._preparing:
            if not self._prepared:
                await asyncio.to_thread(self._prepare_blocking)
                self._prepared = True

    def _prepare_blocking(self) -> None:
        self._transport.prepare()
        self._flows.prepare()

    def _check_home(self) -> None:
        here = (os.getpid(), asyncio.get_running_loop())
        if self._home is None:
            self._home = here
        if self._home != here:
            raise ConfigurationError(
                "an AsyncClient belongs to the event loop and the process of its first call: make one in each"
            )

    async def _login(self, asked: Login) -> None:
        try:
            async with asyncio.timeout_at(asked.deadline):
                await self._lock.acquire()
        except TimeoutError:
            waited = TransportTimeout("the time ran out while another task logged in", may_have_left=False)
            raise NotSent(f"nothing was sent: {waited}", cause=waited) from None
        try:
            if self._session.settled(asked.held):
                return
            try:
                self._session.opened(await self.run(self._flows.login(asked.deadline)))
            except ClicksoapError as error:
                self._session.failed(error)
                raise
        finally:
            self._lock.release()
