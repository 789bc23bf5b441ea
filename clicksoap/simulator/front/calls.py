"""What a service is asked and what it answers, as values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

MAX_BODY: Final = 1 << 20
"""The largest request that is read, in bytes, compressed or not."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it came off the wire.

    Attributes:
        method: Its HTTP method.
        path: The path, without the query.
        query: The query as it was written.
        headers: Its headers, by their names in lower case.
        body: Its body, or a little more than the largest allowed.
        peer: The address it came from.
    """

    method: str
    path: str
    query: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    peer: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A request, read.

    Attributes:
        command: The command in Document/Literal's spelling.
        parameters: What carries a value, but for the recipients, in Document/Literal's spelling.
        to: The recipients, in order.
    """

    command: str
    parameters: dict[str, str] = field(repr=False)
    to: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back.

    Attributes:
        status: The HTTP status.
        headers: The headers, without those that the server writes itself.
        body: The body.
        ending: ``whole``; ``reset`` if the connection breaks without a byte of it; ``cut`` if the body is all that
            comes of what its Content-Length promises, and the connection ends then.
        as_is: Whether the body is sent as it stands, never compressed.
        wait: The seconds to wait before it goes out.
        bytes_per_second: How fast the body goes out; 0 for as fast as it can.
        shown: What is kept for people to read in the place of a body that is no text; None for the body itself.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    ending: Literal["whole", "reset", "cut"] = "whole"
    as_is: bool = False
    wait: float = 0.0
    bytes_per_second: float = 0.0
    shown: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Later:
    """A request that is not dealt with yet.

    Attributes:
        seconds: How long it waits.
        resume: What deals with it then.
        give_up: What is called instead if the server ends before, or the caller hangs up.
    """

    seconds: float
    resume: Callable[[], Answer]
    give_up: Callable[[], Answer]


class UnreadableError(Exception):
    """A request that is no call of the gateway.

    Attributes:
        code: The SOAP 1.1 fault code, without prefix.
        text: What is wrong, without anything of the request in it.
    """

    def __init__(self, text: str, code: str = "Client") -> None:
        super().__init__(text)
        self.code = code
        self.text = text
