"""A connection of the server that keeps quiet and can be broken off from inside a request."""

import asyncio
from collections.abc import Awaitable, Callable
from threading import Event
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from clicksoap.simulator.front.calls import Answer

_BREAK_OFF: Final = "clicksoap.break_off"
_HANG_UP: Final = "clicksoap.hang_up"
_MOMENT: Final = 0.05  # seconds between looks whether the server ends


class Connection(H11Protocol):
    """uvicorn's connection, which tells the application how to break it off, and tells no log what was asked for."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Note what ends the connection, and make sure that nothing is noted of what comes in."""
        super().connection_made(_Joining(transport))  # type: ignore[arg-type]
        self.app_state = {**self.app_state, _BREAK_OFF: transport.abort, _HANG_UP: transport.close}
        # By GET, passwords, numbers and texts are part of the address, and whoever listens to uvicorn's access log
        # would be told it even though the log is switched off.
        self.access_log = False

    def break_off(self) -> None:
        """End it at once, whatever it is in the middle of."""
        self.transport.abort()


class _Joining:
    """A transport that sends the head of a response together with a body that follows at once: half as many packets."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send, or keep what is a head and nothing else."""
        if data.startswith(b"HTTP/1.1 ") and not data.startswith(b"HTTP/1.1 1"):
            self._head += data
            asyncio.get_running_loop().call_soon(self._flush)  # of a stream, the body may be long in coming
        elif data or self._head:
            head, self._head = self._head, b""
            self._transport.write(head + data)

    def close(self) -> None:
        """Send what is kept, and end."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        self.write(b"")


class NoResponse(Response):
    """Not a byte: the connection breaks instead."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - nothing is sent
        """Break off, and wait until the server knows."""
        await _end(_BREAK_OFF, scope, receive)


class CutResponse(Response):
    """Less than its Content-Length promises; then the connection ends in good order."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what there is, and hang up."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        await _end(_HANG_UP, scope, receive)


class SlowResponse(Response):
    """A response in small pieces.

    Args:
        answer: What is sent, and how fast.
        stopping: What cuts it short.
    """

    def __init__(self, answer: Answer, stopping: Event) -> None:
        super().__init__(answer.body, answer.status, dict(answer.headers))
        self._speed = answer.bytes_per_second
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send piece by piece; where there are many bytes to a moment, as many at once."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        body, size = bytes(self.body), max(1, int(self._speed * _MOMENT))
        for start in range(0, len(body), size):
            await send({"type": "http.response.body", "body": body[start : start + size], "more_body": True})
            if not await pause(size / self._speed, self._stopping):
                await _end(_BREAK_OFF, scope, receive)
                return
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def pause(seconds: float, stopping: Event, has_gone: Callable[[], Awaitable[bool]] | None = None) -> bool:
    """Wait, in real seconds.

    Args:
        seconds: How long.
        stopping: Set when the server ends, which ends the wait.
        has_gone: Whether the caller has hung up, which ends it too.

    Returns:
        Whether the time is up, and there is a server and a caller still.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not stopping.is_set() and not (has_gone is not None and await has_gone()):
        left = deadline - loop.time()
        if left <= 0:
            return True
        await asyncio.sleep(min(left, _MOMENT))
    return False


async def _end(how: str, scope: Scope, receive: Receive) -> None:
    scope["state"][how]()
    # A server whose application returns before the connection is known to be gone would answer in its place.
    while (await receive())["type"] != "http.disconnect":
        pass
