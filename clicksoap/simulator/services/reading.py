"""Requests, read off the wire within bounds."""

from typing import Final

from starlette.requests import Request

from clicksoap.simulator.front.calls import MAX_BODY

_MAX_DRAINED: Final = 16 * MAX_BODY


async def read_body(request: Request) -> bytes:
    """The body, or a little more than the largest allowed.

    What is too much is read and dropped for a while, because a caller still writing would not see the reply.

    Raises:
        ClientDisconnect: The caller went away.
    """
    kept = bytearray()
    dropped = 0
    async for chunk in request.stream():
        room = MAX_BODY + 1 - len(kept)
        kept += chunk[:room]
        dropped += len(chunk[room:])
        if dropped > _MAX_DRAINED:
            break
    return bytes(kept)
