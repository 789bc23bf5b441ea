"""Static files of the inbox (style sheet, script, icon), served from the package."""

import importlib.resources
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from clicksoap.simulator.inbox.rendering import HEADERS

_TYPES: Final[Mapping[str, str]] = {
    "inbox.css": "text/css; charset=utf-8",
    "inbox.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


async def serve(request: Request) -> Response:
    """Serve one file with an ETag, so that browsers revalidate their copy."""
    name = request.path_params["name"]
    if name not in _TYPES:
        return PlainTextResponse("Not Found", 404)
    content, tag = _content(name)
    headers = {**HEADERS, "cache-control": "no-cache", "etag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, 200, headers, _TYPES[name])


@cache
def _content(name: str) -> tuple[bytes, str]:
    content = importlib.resources.files("clicksoap.simulator.inbox").joinpath("static", name).read_bytes()
    return content, f'"{sha256(content).hexdigest()[:16]}"'
