"""A request to the customer's server, and the answer to it, as values of no framework."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

MAX_BODY: Final = 64 * 1024
"""The default limit of a body, and the limit of a query, in bytes. A callback takes about 3000."""


@dataclass(frozen=True, slots=True)
class CallbackRequest:
    """A request to the customer's server.

    Attributes:
        method: The HTTP method, such as ``POST``.
        query: The query string as it came, without ``?``.
        headers: The headers by their names in lower case.
        body: The body as it came.
        path: The path without the query, not percent-encoded.
        peer: The address of the machine at the other end of the connection; None for a Unix socket.
        is_peer_replaced: True if the server has put an address of ``X-Forwarded-For`` in the place of the peer. Who
            wrote that header is then unknown.
    """

    method: str
    query: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    body: bytes = field(default=b"", repr=False)
    path: str = field(default="/", repr=False)
    peer: str | None = None
    is_peer_replaced: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to a request.

    Attributes:
        status: The HTTP status.
        text: The body, plain ASCII text.
        headers: The headers without Content-Length.
    """

    status: int
    text: str
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "text/plain; charset=us-ascii"),)

    @property
    def body(self) -> bytes:
        """The body as bytes."""
        return self.text.encode("ascii", "replace")
