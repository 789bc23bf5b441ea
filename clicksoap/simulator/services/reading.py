"""Read the body of a request, up to a limit."""

from typing import Final

from starlette.requests import Request

from clicksoap.simulator.front.http_values import MAX_BODY

_MAX_DRAINED: Final = 16 * MAX_BODY


async def read_body(request: Request) -> bytes:
    """The body; of one that is too large, a little more than ``MAX_BODY`` bytes.

    The excess is read and dropped, up to a limit, because a caller that still writes would not see the reply.

    Raises:
        ClientDisconnect: The caller closed the connection.
    """
    body = bytearray()
    dropped = 0
    async for chunk in request.stream():
        room = MAX_BODY + 1 - len(body)
        body += chunk[:room]
        dropped += len(chunk[room:])
        if dropped > _MAX_DRAINED:
            break
    return bytes(body)
