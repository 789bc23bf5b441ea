"""The API behind its paths: requests read and checked, answers written as JSON."""

import json
import logging
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from clicksoap.simulator.api import control_endpoints, message_endpoints, traffic_endpoints
from clicksoap.simulator.api.endpoints import Asked, Operation
from clicksoap.simulator.api.openapi import describe
from clicksoap.simulator.api.problems import Problem
from clicksoap.simulator.front.http_values import MAX_BODY
from clicksoap.simulator.schema.fields import Field, from_text, read_fields
from clicksoap.simulator.services.reading import read_body
from clicksoap.simulator.simulation import Simulation

BASE: Final = "/api/v1"
"""The path of the API."""

_log: Final = logging.getLogger("clicksoap.simulator")
_JSON: Final = "application/json"
_HEADERS: Final = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


def api_routes(simulation: Simulation) -> list[Route]:
    """Every path of the API, and an answer for those that are none."""
    paths: dict[str, dict[str, Operation]] = {}
    for operation in _operations():
        paths.setdefault(operation.path, {})[operation.method] = operation
    routes = [Route(f"{BASE}{path}", _Resource(simulation, methods)) for path, methods in paths.items()]
    return [*routes, Route("/api/{rest:path}", _Resource(simulation, {}))]


def json_response(data: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer of the API."""
    body = json.dumps(data, ensure_ascii=False, allow_nan=False).encode("utf-8", "backslashreplace")
    return Response(body, status, {**_HEADERS, **(headers or {})}, _JSON)


@cache
def description() -> dict[str, Any]:
    """The OpenAPI document."""
    return describe(_operations(), BASE)


def _operations() -> Iterable[Operation]:
    return (
        *message_endpoints.OPERATIONS,
        *traffic_endpoints.OPERATIONS,
        *control_endpoints.OPERATIONS,
        Operation(
            name="getDescription",
            method="GET",
            path="/openapi.json",
            summary="This document.",
            run=lambda _: description(),
            answer={"type": "object"},
        ),
    )


class _Resource:
    """One path and its methods."""

    def __init__(self, simulation: Simulation, methods: Mapping[str, Operation]) -> None:
        self._simulation = simulation
        self._methods = methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await self._answer(Request(scope, receive))
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        allowed = {"allow": ", ".join([*self._methods, *(["HEAD"] if "GET" in self._methods else [])])}
        try:
            if not self._methods:
                raise Problem(404, f"there is no such path: {BASE}/openapi.json has them all")
            operation = self._methods.get("GET" if request.method == "HEAD" else request.method)
            if operation is None:
                return json_response(Problem(405, f"give {allowed['allow']}", "method").as_data(), 405, allowed)
            asked = await self._read(request, operation)
            return json_response(await run_in_threadpool(operation.run, asked))
        except Problem as problem:
            return json_response(problem.as_data(), problem.status)
        except ClientDisconnect:
            raise
        except Exception as error:  # noqa: BLE001 - whatever broke, nothing private is told
            _log.error("the API failed: %s", type(error).__name__)
            return json_response(Problem(500, "internal error").as_data(), 500)

    async def _read(self, request: Request, operation: Operation) -> Asked:
        return Asked(
            simulation=self._simulation,
            origin=f"{request.url.scheme}://{request.url.netloc}",
            path=request.path_params,
            query=_query(operation.query, request),
            body=_body(operation, request, await read_body(request)),
        )


def _query(taken: Mapping[str, Field], request: Request) -> dict[str, Any]:
    given: dict[str, object] = {}
    for name, text in request.query_params.multi_items():
        if name in given:
            raise Problem(422, "this parameter is given twice", name)
        given[name] = from_text(taken[name], text) if name in taken else text
    return read_fields(taken, given)


def _body(operation: Operation, request: Request, body: bytes) -> dict[str, Any] | None:
    if not body:
        if operation.body is not None and operation.whole:
            raise Problem(422, f"give an object with {', '.join(operation.body)} as the body")
        return None
    if len(body) > MAX_BODY:
        raise Problem(413, f"the body is too large: give at most {MAX_BODY} bytes")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
        raise Problem(415, f"give {_JSON}", "content-type")
    try:
        given = json.loads(body.decode(), object_pairs_hook=_without_repetitions, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Problem(400, "the body is no JSON in UTF-8") from None
    return read_fields(operation.body or {}, given)


def _without_repetitions(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Problem(422, "a field is given twice")
    return found


def _no_number(_: str) -> object:
    raise ValueError("JSON has no such number")
