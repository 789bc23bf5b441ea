"""Connections of the server without a log, and responses that break, cut or slow down a connection."""

import asyncio
from collections.abc import Awaitable, Callable
from threading import Event
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from clicksoap.simulator.front.http_values import HttpAnswer

_BREAK_OFF: Final = "clicksoap.break_off"
_HANG_UP: Final = "clicksoap.hang_up"
_POLL_SECONDS: Final = 0.05  # between checks whether the server ends


class Connection(H11Protocol):
    """uvicorn's connection, with functions for the application to break it off, and without an access log."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give the application the functions that end the connection, and switch the access log off."""
        super().connection_made(_JoiningTransport(transport))  # type: ignore[arg-type]
        self.app_state = {**self.app_state, _BREAK_OFF: transport.abort, _HANG_UP: transport.close}
        # By GET, passwords, numbers and texts are part of the address. A handler of uvicorn's access log would get it
        # even though the log is switched off.
        self.access_log = False

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
        await _end(_BREAK_OFF, scope, receive)


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
                await _end(_BREAK_OFF, scope, receive)
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
