"""The ASGI application of the receiver; it needs no framework."""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import TYPE_CHECKING, Any, Final

from clicksoap.callbacks.access_control import TOO_LARGE, TOO_SLOW
from clicksoap.callbacks.request import CallbackRequest, Reply

if TYPE_CHECKING:
    from clicksoap.callbacks.receiver import Callbacks

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_CLOSE: Final = ("Connection", "close")


class AsgiApp:
    """Receives callbacks by ASGI. Sync handlers run in threads.

    Args:
        callbacks: The receiver.
    """

    def __init__(self, callbacks: "Callbacks") -> None:
        self._callbacks = callbacks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or take part in the start and the end of the server."""
        if scope["type"] == "http":
            await self._answer(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1003})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = request_of_scope(scope)
        reply = self._callbacks.refusal(request)
        if reply is not None:
            await _send(send, _closing(reply, request), request)
            return
        try:
            async with asyncio.timeout(self._callbacks.body_timeout):
                body = await self._read(receive)
        except TimeoutError:
            await _send(send, self._callbacks._refuse(TOO_SLOW, request), request)  # noqa: SLF001 - its own
            return
        if body is None:
            return
        if isinstance(body, Reply):
            await _send(send, self._callbacks._refuse(body, request), request)  # noqa: SLF001 - its own
            return
        await _send(send, await self._callbacks.receive_async(dataclasses.replace(request, body=body)), request)

    async def _read(self, receive: Receive) -> bytes | Reply | None:
        """The body; a refusal of one over the limit; None if the caller is gone."""
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return None
            chunk: bytes = message.get("body", b"")
            size += len(chunk)
            if size > self._callbacks.max_body:
                return TOO_LARGE
            chunks.append(chunk)
            if not message.get("more_body", False):
                return chunk if size == len(chunk) else b"".join(chunks)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self._callbacks.start_async()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self._callbacks.aclose()
                await send({"type": "lifespan.shutdown.complete"})
                return


def request_of_scope(scope: Scope, body: bytes = b"") -> CallbackRequest:
    """The request of an ASGI scope."""
    headers: dict[str, str] = {}
    pairs: Iterable[tuple[bytes, bytes]] = scope["headers"]
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    client: tuple[str, int] | None = scope.get("client")
    return CallbackRequest(
        scope["method"],
        scope["query_string"],
        headers,
        body,
        scope["path"],
        client[0] if client else None,
        is_peer_replaced=client is not None and is_replaced(client, headers.get("x-forwarded-for", "")),
    )


def is_replaced(client: tuple[str, int], forwarded: str) -> bool:
    """Whether the server took the client of an ASGI scope from ``X-Forwarded-For``, as uvicorn does by default.

    Uvicorn gives the port 0 if the header has none. No connection comes from that port.
    """
    address, port = client
    return bool(forwarded) and (
        not port or any(each.strip() in {f"{address}:{port}", f"[{address}]:{port}"} for each in forwarded.split(","))
    )


def _closing(reply: Reply, request: CallbackRequest) -> Reply:
    """The answer to a request whose body stays unread: the connection ends with it."""
    has_body = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    if not has_body or _CLOSE in reply.headers:
        return reply
    return Reply(reply.status, reply.text, (*reply.headers, _CLOSE))


async def _send(send: Send, reply: Reply, request: CallbackRequest) -> None:
    body = reply.body
    headers = [(name.lower().encode("ascii"), value.encode("ascii")) for name, value in reply.headers]
    headers.append((b"content-length", str(len(body)).encode("ascii")))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else body})
