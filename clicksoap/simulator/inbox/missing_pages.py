"""The page for browsers that ask for a path that does not exist."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from clicksoap.simulator.inbox.rendering import page

Handler = Callable[[Request, Exception], Awaitable[Response]]


def with_page(handler: Handler) -> Handler:
    """Wrap a handler of unserved requests: browsers get a page in place of its plain text.

    Args:
        handler: The handler; it is called for every request, because it records it.
    """

    async def answer(request: Request, error: Exception) -> Response:
        response = await handler(request, error)
        is_read_by_people = request.method == "GET" and "text/html" in request.headers.get("accept", "")
        if response.status_code != HTTPStatus.NOT_FOUND or not is_read_by_people:
            return response
        what = "There is no page with this address. The request is in the traffic, with the nearest path that exists."
        return page("not_found", HTTPStatus.NOT_FOUND, path=request.url.path, done="", error="", what=what)

    return answer
