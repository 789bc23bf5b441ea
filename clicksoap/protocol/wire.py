"""The seam between the protocol and the network: one request out, one reply back."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from clicksoap.protocol.timeout import Timeout

FilePath = str | os.PathLike[str]
"""A path of a file or a folder."""

ClientCert = FilePath | tuple[FilePath, FilePath]
"""A client certificate: one file that also holds its key, or the certificate's file and the key's."""

MAX_REPLY_BYTES: Final = 4 * 1024 * 1024
"""Cap on a reply after decompression. A reply to 300 recipients takes about 25 KB."""


@dataclass(frozen=True, slots=True)
class WireRequest:
    """One HTTP request. Everything but the method may hold a secret and stays out of the repr."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class WireReply:
    """One HTTP reply, decompressed.

    Attributes:
        status: The HTTP status.
        headers: Header values by lower-case name.
        body: The decoded body.
        elapsed: Seconds from the first byte out to the last byte in.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    elapsed: float


def lower_named(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Header values by lower-case name, as `WireReply` has them."""
    return {name.lower(): value for name, value in headers}


class AsyncTransport(Protocol):
    """The same as `Transport` for an event loop."""

    def prepare(self) -> None:
        """Do beforehand what would block the loop; called once, beside it."""
        ...

    async def send(self, request: WireRequest, timeout: Timeout, deadline: float) -> WireReply:
        """Exchange one request; see `Transport.send`."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...


class Transport(Protocol):
    """Carries one request and brings its reply, or raises a TransportError that tells whether anything left."""

    def send(self, request: WireRequest, timeout: Timeout, deadline: float) -> WireReply:
        """Exchange one request.

        Args:
            request: The request.
            timeout: The limits of connecting and of reading.
            deadline: When all waiting ends, as a reading of ``time.monotonic``.

        Raises:
            TransportError: There is no reply; ``may_have_taken_effect`` says whether any byte may have left.
            ProtocolError: The reply is cut off or too large.
        """
        ...

    def close(self) -> None:
        """Close every connection."""
        ...

    def after_fork(self) -> None:
        """Forget, in a forked child, the connections that the parent goes on using."""
        ...
