"""A connection of the server that keeps quiet and can be broken off from inside a request."""

import asyncio
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_BREAK_OFF: Final = "clicksoap.break_off"


class Connection(H11Protocol):
    """uvicorn's connection, which tells the application how to break it off, and tells no log what was asked for."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Note what ends the connection, and make sure that nothing is noted of what comes in."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, _BREAK_OFF: transport.abort}
        # By GET, passwords, numbers and texts are part of the address, and whoever listens to uvicorn's access log
        # would be told it even though the log is switched off.
        self.access_log = False


class NoResponse(Response):
    """Not a byte: the connection breaks instead."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - nothing is sent
        """Break off, and wait until the server knows."""
        scope["state"][_BREAK_OFF]()
        # A server whose application returns before the connection is known to be gone would answer in its place.
        while (await receive())["type"] != "http.disconnect":
            pass
