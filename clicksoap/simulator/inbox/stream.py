"""Server-sent events with the current rows of a page.

Nothing is queued: an event only marks a view as outdated, and the view is then sent in its present state. A slow
browser or ten thousand messages a second therefore cost no memory.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from threading import Event as ThreadEvent, Thread
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from clicksoap.simulator.event_loop import steady_time
from clicksoap.simulator.gateway.event_bus import Event, EventBus
from clicksoap.simulator.inbox.live_views import LiveView, RowList, live_view
from clicksoap.simulator.inbox.rendering import HEADERS
from clicksoap.simulator.services.connection import NoResponse
from clicksoap.simulator.simulation import Simulation

_HEARTBEAT: Final = 15.0
_SEND_TIMEOUT: Final = 30.0  # for a browser that does not read
_CLOSE_TIMEOUT: Final = 0.1
_PAUSE: Final = 0.1
_RETRY: Final = 1000  # milliseconds until a browser reconnects
MAX_STREAMS: Final = 64
"""The greatest number of pages that follow events at the same time."""

_RENDERERS: Final = 2
_RENDER_SHARE: Final = 4  # the pause after rendering is at least so many times the rendering time


class EventStreams:
    """The event streams of a server.

    Args:
        simulation: The simulation to show.
        stopping: Set when the server stops; ends every stream.
    """

    def __init__(self, simulation: Simulation, stopping: ThreadEvent) -> None:
        self._simulation = simulation
        self._stopping = stopping
        self._stopped: asyncio.Event | None = None
        self._open = 0
        self._renderers = asyncio.Semaphore(_RENDERERS)

    async def serve(self, request: Request) -> Response:
        """Start the event stream of one view."""
        if self._open >= MAX_STREAMS:
            words = f"{MAX_STREAMS} pages follow the events already: close one, or reload this page later\n"
            return PlainTextResponse(words, 503, {**HEADERS, "retry-after": "5"})
        self._open += 1
        try:
            view = live_view(self._simulation, request.query_params)
            await self._render(view)
        except (KeyError, ValueError):
            self._open -= 1
            return PlainTextResponse("Not Found", 404, HEADERS)
        except BaseException:
            self._open -= 1
            raise
        return _EventStream(view, self._simulation.gateway.event_bus, self._end(), self._render, self._on_closed)

    async def _render(self, view: LiveView) -> RowList:
        async with self._renderers:  # however many pages are open, requests of the services go on
            return await run_in_threadpool(view.render)

    def _on_closed(self) -> None:
        self._open -= 1

    def _end(self) -> asyncio.Event:
        """An event of the server's loop that is set when the server stops."""
        if self._stopped is None:
            self._stopped = asyncio.Event()
            watch = (asyncio.get_running_loop(), self._stopped)
            Thread(target=self._watch, args=watch, name="clicksoap-simulator-inbox", daemon=True).start()
        return self._stopped

    def _watch(self, loop: asyncio.AbstractEventLoop, stopped: asyncio.Event) -> None:
        self._stopping.wait()
        with suppress(RuntimeError):  # the loop may have ended already
            loop.call_soon_threadsafe(stopped.set)


class _EventStream(Response):
    """A response that goes on until the browser disconnects or the server stops."""

    def __init__(
        self,
        view: LiveView,
        event_bus: EventBus,
        stopped: asyncio.Event,
        render: Callable[[LiveView], Awaitable[RowList]],
        on_closed: Callable[[], None],
    ) -> None:
        super().__init__(headers=HEADERS, media_type="text/event-stream")
        del self.headers["content-length"]
        self._view = view
        self._event_bus = event_bus
        self._stopped = stopped
        self._render = render
        self._on_closed = on_closed
        self._outdated = asyncio.Event()
        self._is_marked = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._follow(scope, receive, send)
        finally:
            self._on_closed()

    async def _follow(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        loop = asyncio.get_running_loop()

        def on_event(event: Event) -> None:
            if event.kind in self._view.kinds and not self._is_marked:
                self._is_marked = True
                with suppress(RuntimeError):  # the loop may be about to end
                    loop.call_soon_threadsafe(self._outdated.set)

        stop_listening = self._event_bus.subscribe(on_event)
        sender = asyncio.create_task(self._send_updates(send))
        disconnected = asyncio.create_task(_until_disconnected(receive))
        stopped = asyncio.create_task(self._stopped.wait())
        tasks = (sender, disconnected, stopped)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop_listening()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if disconnected.cancelled():
            try:
                async with asyncio.timeout(_CLOSE_TIMEOUT):
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
            except TimeoutError:
                await NoResponse()(scope, receive, send)

    async def _send_updates(self, send: Send) -> None:
        """Send the view whenever it has changed. Ends if the browser does not read."""
        sent: dict[str, str] = {}
        last = ""
        first = f"retry: {_RETRY}\n"
        while True:
            self._outdated.clear()
            self._is_marked = False
            started = steady_time()
            current = await self._render(self._view)
            data = _changes(current, sent)
            render_seconds = steady_time() - started
            chunk = f"{first}data: {data}\n\n" if data != last else ":\n\n"
            last, first = data, ""
            try:
                async with asyncio.timeout(_SEND_TIMEOUT):
                    await send({"type": "http.response.body", "body": chunk.encode(), "more_body": True})
            except TimeoutError:
                return
            await asyncio.sleep(max(_PAUSE, _RENDER_SHARE * render_seconds))
            with suppress(TimeoutError):
                async with asyncio.timeout(_HEARTBEAT):
                    await self._outdated.wait()


def _changes(current: RowList, sent: dict[str, str]) -> str:
    """The update for a browser as JSON: the order of all rows, and the content of new and changed rows."""
    update: dict[str, object] = {"count": current.count}
    if current.refused is not None:
        update["refused"] = current.refused
    if current.rows is not None:
        versions = {row.key: row.version for row in current.rows}
        update["order"] = [[row.key, versions[row.key]] for row in current.rows]
        update["rows"] = {row.key: row.content for row in current.rows if sent.get(row.key) != versions[row.key]}
        sent.clear()
        sent.update(versions)
    return json.dumps(update)


async def _until_disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
