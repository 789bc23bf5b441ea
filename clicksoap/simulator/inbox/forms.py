"""Reader of HTML forms."""

from urllib.parse import parse_qsl

from starlette.requests import Request

from clicksoap.simulator.front.http_values import MAX_BODY
from clicksoap.simulator.services.reading import read_body


async def read_form(request: Request) -> dict[str, str]:
    """Read the fields of a form. A body that is too large has no fields.

    Raises:
        ClientDisconnect: The browser closed the connection.
    """
    body = await read_body(request)
    if len(body) > MAX_BODY:
        return {}
    return dict(parse_qsl(body.decode("latin-1"), keep_blank_values=True, errors="replace"))
