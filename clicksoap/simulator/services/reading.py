"""Read the body of a request, up to a limit; all bodies together are limited, too."""

from typing import Final

from starlette.requests import ClientDisconnect, Request

from clicksoap.simulator.front.http_values import MAX_BODY
from clicksoap.simulator.services.connection import BREAK_OFF

MAX_READING: Final = 64 * MAX_BODY
"""The greatest size of all bodies that arrive at the same time, in this process."""

_MAX_DRAINED: Final = 16 * MAX_BODY


class _Arriving:
    """The bytes of the bodies that are not complete."""

    def __init__(self) -> None:
        self.size = 0


_arriving: Final = _Arriving()


async def read_body(request: Request) -> bytes:
    """The body; of one that is too large, a little more than ``MAX_BODY`` bytes.

    The excess is read and dropped, up to a limit, because a caller that still writes would not see the reply. If too
    many bodies arrive at the same time, the connection breaks.

    Raises:
        ClientDisconnect: The connection broke.
    """
    body = bytearray()
    dropped = 0
    try:
        async for chunk in request.stream():
            kept = chunk[: MAX_BODY + 1 - len(body)]
            body += kept
            _arriving.size += len(kept)
            if _arriving.size > MAX_READING:
                request.scope["state"][BREAK_OFF]()
                raise ClientDisconnect
            dropped += len(chunk) - len(kept)
            if dropped > _MAX_DRAINED:
                break
    finally:
        _arriving.size -= len(body)
    return bytes(body)
