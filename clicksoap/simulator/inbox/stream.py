"""Views that follow what happens, as server-sent events.

Nothing is queued: an event only marks a view as out of date, and what is sent is the view as it is by then. A browser
that reads slowly, or ten thousand messages a second, therefore cost no memory.
"""

import asyncio
import json
import time
from contextlib import suppress
from threading import Event as Flag, Thread
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from clicksoap.simulator.gateway.event_bus import Event, EventBus
from clicksoap.simulator.inbox.rendering import HEADERS
from clicksoap.simulator.inbox.views import Rows, View, view_of
from clicksoap.simulator.services.connection import NoResponse
from clicksoap.simulator.simulation import Simulation

_HEARTBEAT: Final = 15.0
_PATIENCE: Final = 30.0  # for a browser that does not read
_LAST_WORD: Final = 0.1
_PAUSE: Final = 0.1
_RETRY: Final = 1000  # milliseconds, after which a browser comes back
_SHARE: Final = 4  # of the time, a view is drawn for at most one part in so many and one


class Streams:
    """The streams of a server.

    Args:
        simulation: What is looked at.
        stopping: Set when the server ends, which ends every stream.
    """

    def __init__(self, simulation: Simulation, stopping: Flag) -> None:
        self._simulation = simulation
        self._stopping = stopping
        self._stopped: asyncio.Event | None = None

    async def serve(self, request: Request) -> Response:
        """The stream of one view."""
        try:
            view = view_of(self._simulation, request.query_params)
            await run_in_threadpool(view.look)
        except (KeyError, ValueError):
            return PlainTextResponse("Not Found", 404, HEADERS)
        return _Stream(view, self._simulation.gateway.event_bus, self._end())

    def _end(self) -> asyncio.Event:
        """What is set in the server's loop when it stops."""
        if self._stopped is None:
            self._stopped = asyncio.Event()
            watch = (asyncio.get_running_loop(), self._stopped)
            Thread(target=self._watch, args=watch, name="clicksoap-simulator-inbox", daemon=True).start()
        return self._stopped

    def _watch(self, loop: asyncio.AbstractEventLoop, stopped: asyncio.Event) -> None:
        self._stopping.wait()
        with suppress(RuntimeError):  # the loop may have ended already
            loop.call_soon_threadsafe(stopped.set)


class _Stream(Response):
    """The answer that goes on until either side has had enough."""

    def __init__(self, view: View, event_bus: EventBus, stopped: asyncio.Event) -> None:
        super().__init__(headers=HEADERS, media_type="text/event-stream")
        del self.headers["content-length"]
        self._view = view
        self._hub = event_bus
        self._stopped = stopped
        self._outdated = asyncio.Event()
        self._is_noted = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        loop = asyncio.get_running_loop()

        def notice(event: Event) -> None:
            if event.kind in self._view.kinds and not self._is_noted:
                self._is_noted = True
                with suppress(RuntimeError):  # the loop may be about to end
                    loop.call_soon_threadsafe(self._outdated.set)

        unlisten = self._hub.subscribe(notice)
        told = asyncio.create_task(self._tell(send))
        left = asyncio.create_task(_left(receive))
        stopped = asyncio.create_task(self._stopped.wait())
        tasks = (told, left, stopped)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            unlisten()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if left.cancelled():
            try:
                async with asyncio.timeout(_LAST_WORD):
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
            except TimeoutError:
                await NoResponse()(scope, receive, send)

    async def _tell(self, send: Send) -> None:
        """Send what the view shows, whenever that is something else; ends if nobody reads it."""
        sent: dict[str, str] = {}
        last = ""
        first = f"retry: {_RETRY}\n"
        while True:
            self._outdated.clear()
            self._is_noted = False
            began = time.monotonic()
            now = await run_in_threadpool(self._view.look)
            data = _changes(now, sent)
            took = time.monotonic() - began
            chunk = f"{first}data: {data}\n\n" if data != last else ":\n\n"
            last, first = data, ""
            try:
                async with asyncio.timeout(_PATIENCE):
                    await send({"type": "http.response.body", "body": chunk.encode(), "more_body": True})
            except TimeoutError:
                return
            await asyncio.sleep(max(_PAUSE, _SHARE * took))
            with suppress(TimeoutError):
                async with asyncio.timeout(_HEARTBEAT):
                    await self._outdated.wait()


def _changes(now: Rows, sent: dict[str, str]) -> str:
    """What a browser has to be told, as JSON: the order of all rows, and those that it has not seen so."""
    told: dict[str, object] = {"count": now.count}
    if now.rows is not None:
        versions = {row.key: row.version for row in now.rows}
        told["order"] = [[row.key, versions[row.key]] for row in now.rows]
        told["rows"] = {row.key: row.content for row in now.rows if sent.get(row.key) != versions[row.key]}
        sent.clear()
        sent.update(versions)
    return json.dumps(told)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
