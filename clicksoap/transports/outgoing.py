"""Writes HTTP/1.1 requests as bytes."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import SplitResult

from clicksoap.protocol.wire import WireRequest

_PORTS: Final = {"http": 80, "https": 443}


def direct_bytes(request: WireRequest, to: SplitResult, headers: Mapping[str, str]) -> bytes:
    """A request to the host of its URL: its target is the path and the query (RFC 9112, 3.2.1)."""
    return _bytes(request, f"{to.path}?{to.query}" if to.query else to.path, to.netloc, headers)


def forwarded_bytes(request: WireRequest, to: SplitResult, headers: Mapping[str, str]) -> bytes:
    """A request of plain http to a proxy: its target is the whole URL (RFC 9112, 3.2.2)."""
    return _bytes(request, request.url, to.netloc, headers)


def _bytes(request: WireRequest, target: str, host: str, headers: Mapping[str, str]) -> bytes:
    """A request with further headers, each on one line whatever a WSDL's SOAPAction may hold.

    Raises:
        ValueError: A header holds a line break, or a character that HTTP cannot carry.
    """
    fields = {"Host": host, **request.headers, **headers}
    lines = [f"{request.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    if request.body:
        lines.append(f"Content-Length: {len(request.body)}")
    head = "\r\n".join(lines)
    if head.count("\n") != len(lines) - 1 or head.count("\r") != len(lines) - 1:
        raise ValueError("a header holds a line break")
    return f"{head}\r\n\r\n".encode("latin-1") + request.body


def tunnel_bytes(to: SplitResult, headers: Mapping[str, str]) -> bytes:
    """A request for a tunnel to a host: CONNECT in HTTP/1.1, with the Host that HTTP/1.1 requires (RFC 9110, 9.3.6)."""
    host = to.hostname or ""
    place = f"[{host}]:{port_of(to)}" if ":" in host else f"{host}:{port_of(to)}"
    return _bytes(WireRequest("CONNECT", "", headers, b""), place, place, {})


def port_of(to: SplitResult) -> int:
    """The port of a URL; without one, that of its scheme."""
    return to.port or _PORTS[to.scheme]
