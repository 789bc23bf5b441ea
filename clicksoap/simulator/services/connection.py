"""Connections of the server without a log, and responses that break, cut or slow down a connection."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from functools import cache
from threading import Event
from typing import Final, cast

import h11
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from clicksoap.simulator.front.http_values import HttpAnswer

BREAK_OFF: Final = "clicksoap.break_off"
"""The key of the function that breaks a connection off, in the state of its requests."""

_HANG_UP: Final = "clicksoap.hang_up"
_MAX_CONNECTIONS: Final = 1000
_MIN_CONNECTIONS: Final = 64
_UNFINISHED_SECONDS: Final = 30.0  # for a request to arrive as a whole
_UNREAD_SECONDS: Final = 60.0  # for a caller to read on
_POLL_SECONDS: Final = 0.05  # between checks whether the server ends


@cache
def max_connections() -> int:
    """The greatest number of connections, so that files and callbacks find a descriptor, too."""
    if sys.platform == "win32":
        return _MAX_CONNECTIONS
    import resource  # noqa: PLC0415 - Windows has no such limits

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = _MAX_CONNECTIONS if soft == resource.RLIM_INFINITY else soft // 2
    return max(_MIN_CONNECTIONS, min(_MAX_CONNECTIONS, allowed))


class Connection(H11Protocol):
    """uvicorn's connection, with functions for the application to break it off, and without an access log."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give the application the functions that end the connection, and switch the access log off."""
        self._since = self.loop.time()
        self._watched: object = None
        self._unread = (0, self._since)
        super().connection_made(_JoiningTransport(transport))  # type: ignore[arg-type]
        if len(self.connections) > max_connections():
            self._make_room()
        self.app_state = {**self.app_state, BREAK_OFF: transport.abort, _HANG_UP: transport.close}
        # By GET, passwords, numbers and texts are part of the address. A handler of uvicorn's access log would get it
        # even though the log is switched off.
        self.access_log = False

    @property
    def is_unfinished(self) -> bool:
        """True if a request is to come and has not arrived as a whole; not true between two requests."""
        state = self.conn.their_state
        if state is h11.IDLE:
            is_new = self.cycle is None  # pyright: ignore[reportUnnecessaryComparison] - before the first request
            return is_new or bool(self.conn.trailing_data[0])
        return state is h11.SEND_BODY

    def check(self, now: float) -> None:
        """Break the connection off if its request does not arrive, or if its caller does not read the answers.

        Args:
            now: The time of the event loop. Call this about once a second.
        """
        size = self.transport.get_write_buffer_size()
        if size == 0 or size != self._unread[0]:
            self._unread = (size, now)
        if not self.is_unfinished or self._watched is not self.cycle:
            self._since, self._watched = now, self.cycle
        if now - self._since > _UNFINISHED_SECONDS or now - self._unread[1] > _UNREAD_SECONDS:
            self.break_off()

    def _make_room(self) -> None:
        """Break off the connection that waits longest for its caller; this one, if none waits."""
        others = [each for each in cast("set[Connection]", self.connections) if each is not self]
        unfinished = [each for each in others if each.is_unfinished and not each.transport.is_closing()]
        idle = [each for each in others if each.conn.their_state is h11.IDLE and not each.transport.is_closing()]
        candidates = unfinished or idle
        min(candidates, key=lambda each: each._since, default=self).break_off()  # noqa: SLF001 - of the same class

    def break_off(self) -> None:
        """End it at once, even in the middle of a request or an answer."""
        self.transport.abort()


class _JoiningTransport:
    """A transport that sends the head of a response together with a body that follows at once: half as many packets."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send, or keep the head of a response until its body comes."""
        if data.startswith(b"HTTP/1.1 ") and not data.startswith(b"HTTP/1.1 1"):
            self._head += data
            asyncio.get_running_loop().call_soon(self._flush)  # the body of a stream may come much later
        elif data or self._head:
            head, self._head = self._head, b""
            self._transport.write(head + data)

    def close(self) -> None:
        """Send the head that was kept, and end."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        self.write(b"")


class NoResponse(Response):
    """A response without a byte: the connection breaks instead."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - nothing is sent
        """Break the connection off, and wait until the server knows."""
        await _end(BREAK_OFF, scope, receive)


class CutResponse(Response):
    """A response shorter than its Content-Length; then the connection ends in good order."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the body, and close the connection."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        await _end(_HANG_UP, scope, receive)


class SlowResponse(Response):
    """A response in small pieces.

    Args:
        answer: The answer, with its speed.
        stopping: Set when the server ends, which ends the response.
    """

    def __init__(self, answer: HttpAnswer, stopping: Event) -> None:
        super().__init__(answer.body, answer.status, dict(answer.headers))
        self._speed = answer.bytes_per_second
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send piece by piece; at high speeds, many bytes at a time."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        body, size = bytes(self.body), max(1, int(self._speed * _POLL_SECONDS))
        for start in range(0, len(body), size):
            await send({"type": "http.response.body", "body": body[start : start + size], "more_body": True})
            if not await pause(size / self._speed, self._stopping):
                await _end(BREAK_OFF, scope, receive)
                return
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def pause(seconds: float, stopping: Event, has_gone: Callable[[], Awaitable[bool]] | None = None) -> bool:
    """Wait, in real seconds.

    Args:
        seconds: The time to wait.
        stopping: Set when the server ends, which ends the wait.
        has_gone: True once the caller has hung up, which ends the wait, too; None to wait in any case.

    Returns:
        True if the time is up; false if the server ended or the caller hung up before.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not stopping.is_set() and not (has_gone is not None and await has_gone()):
        remaining = deadline - loop.time()
        if remaining <= 0:
            return True
        await asyncio.sleep(min(remaining, _POLL_SECONDS))
    return False


async def _end(how: str, scope: Scope, receive: Receive) -> None:
    scope["state"][how]()
    # A server whose application returns before the connection is known to be gone would answer in its place.
    while (await receive())["type"] != "http.disconnect":
        pass
