"""Writes HTTP/1.1 requests as bytes."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from clicksoap.protocol.wire import WireRequest


def request_bytes(request: WireRequest, target: str, headers: Mapping[str, str]) -> bytes:
    """A request with further headers, each on one line whatever a WSDL's SOAPAction may hold.

    Raises:
        ValueError: A header holds a line break, or a character that HTTP cannot carry.
    """
    fields = {"Host": urlsplit(request.url).netloc, **request.headers, **headers}
    lines = [f"{request.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    if request.body:
        lines.append(f"Content-Length: {len(request.body)}")
    head = "\r\n".join(lines)
    if head.count("\n") != len(lines) - 1 or head.count("\r") != len(lines) - 1:
        raise ValueError("a header holds a line break")
    return f"{head}\r\n\r\n".encode("latin-1") + request.body


def target_of(url: str) -> str:
    """The path and query of a URL, as a request line has them."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
