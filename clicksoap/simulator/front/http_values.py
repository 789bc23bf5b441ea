"""HTTP requests and answers of the simulator's services as values, apart from any web framework."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

MAX_BODY: Final = 1 << 20
"""The largest request that is read, in bytes, compressed or not."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as it came off the wire.

    Attributes:
        method: The HTTP method.
        path: The path, without the query.
        query: The query as it was written.
        headers: The headers, by their names in lower case.
        body: The body; of one that is too large, a little more than ``MAX_BODY`` bytes.
        peer: The address of the caller; None if the server does not know it.
    """

    method: str
    path: str
    query: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    peer: str | None = None


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """The answer to a request, and the way it goes out.

    Attributes:
        status: The HTTP status.
        headers: The headers, without those that the server writes itself.
        body: The body.
        ending: ``whole``; ``reset`` if the connection breaks without a byte; ``cut`` if the body is shorter than its
            Content-Length promises, and the connection ends then.
        as_is: True if the body must not be compressed.
        wait: The seconds to wait before it goes out.
        bytes_per_second: The speed at which the body goes out; 0 for full speed.
        shown: The text to record instead of a body that people cannot read; None to record the body.
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
class DelayedAnswer:
    """An answer that is made only after a delay.

    Attributes:
        seconds: The delay.
        resume: Makes the answer; called after the delay.
        give_up: Makes the answer instead if the server ends, or the caller hangs up, during the delay.
    """

    seconds: float
    resume: Callable[[], HttpAnswer]
    give_up: Callable[[], HttpAnswer]
