"""What a service is asked and what it answers, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


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
        ending: ``whole``, or ``reset`` if the connection breaks without a byte of it.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    ending: Literal["whole", "reset"] = "whole"


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
