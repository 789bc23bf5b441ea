"""One thing that the API can be asked to do: what is served and what is described come from the same words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from clicksoap.simulator.api.problems import Problem
from clicksoap.simulator.schema.fields import Field, integer
from clicksoap.simulator.schema.shapes import Schema, listed, record
from clicksoap.simulator.simulation import Simulation

MAX_IN_A_PAGE: Final = 1000
"""The most that one answer lists."""

PAGE: Final = {
    "start": integer(0, 2**53, "How many to pass over."),
    "limit": integer(1, MAX_IN_A_PAGE, "How many to give; 50 by default."),
}
"""The parameters of whatever is listed."""

_PAGE_SIZE: Final = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for, checked.

    Attributes:
        simulation: The simulation that it is about.
        origin: The simulator's address as the caller reached it.
        path: The parameters of the path.
        query: The parameters of the query.
        body: The fields of the body; None if there was no body.
    """

    simulation: Simulation
    origin: str
    path: Mapping[str, str] = field(repr=False)
    query: Mapping[str, Any] = field(repr=False)
    body: Mapping[str, Any] | None = field(repr=False)

    @property
    def fields(self) -> Mapping[str, Any]:
        """The fields of a body that had to be there."""
        return self.body or {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Something that the API does.

    Attributes:
        name: What programs that are made from the description call it.
        method: The HTTP method.
        path: The path below that of the API, its parameters in braces.
        summary: What it does, in a line.
        run: What does it; gives what `answer` describes.
        answer: The schema of the answer.
        query: The parameters of the query.
        body: The fields of the body; None if there is none.
        whole: Whether the body must be there.
    """

    name: str
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    summary: str
    run: Callable[[Asked], object]
    answer: Schema
    query: Mapping[str, Field] = field(default_factory=dict[str, Field])
    body: Mapping[str, Field] | None = None
    whole: bool = True


def page_of(name: str, item: Schema) -> Schema:
    """The schema of a part of a list."""
    return record(total={"type": "integer"}, start={"type": "integer"}, **{name: listed(item)})


def page(asked: Asked, name: str, found: list[Any], show: Callable[[Any], object]) -> dict[str, object]:
    """The part of a list that is asked for."""
    start, limit = asked.query.get("start", 0), asked.query.get("limit", _PAGE_SIZE)
    return {"total": len(found), "start": start, name: [show(each) for each in found[start : start + limit]]}


def no_such(what: str, argument: str) -> Problem:
    """The answer for what is not there."""
    return Problem(404, f"there is no such {what}", argument)
