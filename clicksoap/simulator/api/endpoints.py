"""Endpoints of the API: the same record serves a path and describes it in the OpenAPI document."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from clicksoap.simulator.api.problems import Problem
from clicksoap.simulator.schema.fields import Field, integer
from clicksoap.simulator.schema.shapes import Schema, array_of, object_schema
from clicksoap.simulator.simulation import Simulation

MAX_IN_A_PAGE: Final = 1000
"""The maximum number of items in one answer."""

PAGE_QUERY: Final = {
    "start": integer(0, 2**53, "The number of items to skip; 0 by default."),
    "limit": integer(1, MAX_IN_A_PAGE, "The maximum number of items to return; 50 by default."),
}
"""The query parameters of endpoints that return lists."""

_PAGE_SIZE: Final = 50


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """A checked request to the API.

    Attributes:
        simulation: The simulation to read or change.
        origin: The address of the simulator as the caller used it, such as ``http://127.0.0.1:8025``.
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
        """The fields of the body; empty if there was no body."""
        return self.body or {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One method of one path of the API.

    Attributes:
        name: The ``operationId`` in the OpenAPI document, such as ``listMessages``.
        method: The HTTP method.
        path: The path below ``/api/v1``, with its parameters in braces.
        summary: The description in one sentence.
        run: The handler; returns JSON data that fits `answer`.
        answer: The JSON schema of the answer.
        query: The parameters of the query.
        body: The fields of the body; None if the endpoint takes no body.
        body_required: True if the body must be given.
    """

    name: str
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    summary: str
    run: Callable[[ApiRequest], object]
    answer: Schema
    query: Mapping[str, Field] = field(default_factory=dict[str, Field])
    body: Mapping[str, Field] | None = None
    body_required: bool = True


def page_of(name: str, item: Schema) -> Schema:
    """The schema of one page of a list.

    Args:
        name: The name of the list in the answer.
        item: The schema of an item.
    """
    return object_schema(total={"type": "integer"}, start={"type": "integer"}, **{name: array_of(item)})


def page(request: ApiRequest, name: str, found: list[Any], show: Callable[[Any], object]) -> dict[str, object]:
    """The page of a list that a request asks for.

    Args:
        request: The request, with ``start`` and ``limit`` in its query.
        name: The name of the list in the answer.
        found: The whole list.
        show: Converts an item to JSON data.
    """
    start, limit = request.query.get("start", 0), request.query.get("limit", _PAGE_SIZE)
    return {"total": len(found), "start": start, name: [show(each) for each in found[start : start + limit]]}


def not_found(what: str, argument: str) -> Problem:
    """The problem (404) for an unknown item."""
    return Problem(404, f"unknown {what}", argument)
