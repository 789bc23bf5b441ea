"""Forms as they come from a browser."""

from urllib.parse import parse_qsl

from starlette.requests import Request

from clicksoap.simulator.front.http_values import MAX_BODY
from clicksoap.simulator.services.reading import read_body


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form; what is too large has none.

    Raises:
        ClientDisconnect: The browser went away.
    """
    body = await read_body(request)
    if len(body) > MAX_BODY:
        return {}
    return dict(parse_qsl(body.decode("latin-1"), keep_blank_values=True, errors="replace"))
