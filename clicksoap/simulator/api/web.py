"""Routes of the API: reads and checks requests, and writes answers as JSON."""

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
from clicksoap.simulator.api.endpoints import ApiRequest, Endpoint
from clicksoap.simulator.api.openapi import openapi_document
from clicksoap.simulator.api.problems import Problem
from clicksoap.simulator.front.http_values import MAX_BODY
from clicksoap.simulator.schema.fields import Field, FieldError, parse_text, read_fields
from clicksoap.simulator.services.reading import read_body
from clicksoap.simulator.simulation import Simulation

BASE: Final = "/api/v1"
"""The path of the API."""

_log: Final = logging.getLogger("clicksoap.simulator")
_JSON: Final = "application/json"
_HEADERS: Final = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


def api_routes(simulation: Simulation) -> list[Route]:
    """A route for each path of the API, and one that answers 404 for all other paths."""
    paths: dict[str, dict[str, Endpoint]] = {}
    for endpoint in _endpoints():
        paths.setdefault(endpoint.path, {})[endpoint.method] = endpoint
    routes = [Route(f"{BASE}{path}", _Resource(simulation, methods)) for path, methods in paths.items()]
    return [*routes, Route("/api/{rest:path}", _Resource(simulation, {}))]


def json_response(data: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON response of the API.

    Args:
        data: The JSON data.
        status: The HTTP status.
        headers: More headers.
    """
    body = json.dumps(data, ensure_ascii=False, allow_nan=False).encode("utf-8", "backslashreplace")
    return Response(body, status, {**_HEADERS, **(headers or {})}, _JSON)


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document as JSON data."""
    return openapi_document(_endpoints(), BASE)


def _endpoints() -> Iterable[Endpoint]:
    return (
        *message_endpoints.ENDPOINTS,
        *traffic_endpoints.ENDPOINTS,
        *control_endpoints.ENDPOINTS,
        Endpoint(
            name="getDescription",
            method="GET",
            path="/openapi.json",
            summary="Get this document.",
            run=lambda _: document(),
            answer={"type": "object"},
        ),
    )


class _Resource:
    """One path and its methods."""

    def __init__(self, simulation: Simulation, methods: Mapping[str, Endpoint]) -> None:
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
                raise Problem(404, f"unknown path: see {BASE}/openapi.json")
            endpoint = self._methods.get("GET" if request.method == "HEAD" else request.method)
            if endpoint is None:
                problem = Problem(405, f"wrong method: give {allowed['allow']}", "method")
                return json_response(problem.as_data(), problem.status, allowed)
            api_request = await self._read(request, endpoint)
            return json_response(await run_in_threadpool(endpoint.run, api_request))
        except Problem as problem:
            return json_response(problem.as_data(), problem.status)
        except ClientDisconnect:
            raise
        except Exception as error:  # noqa: BLE001 - the answer must not quote a private value
            _log.error("the API failed: %s", type(error).__name__)
            return json_response(Problem(500, "internal error").as_data(), 500)

    async def _read(self, request: Request, endpoint: Endpoint) -> ApiRequest:
        return ApiRequest(
            simulation=self._simulation,
            origin=f"{request.url.scheme}://{request.url.netloc}",
            path=request.path_params,
            query=_query(endpoint.query, request),
            body=_body(endpoint, request, await read_body(request)),
        )


def _query(fields: Mapping[str, Field], request: Request) -> dict[str, Any]:
    given: dict[str, object] = {}
    for name, text in request.query_params.multi_items():
        if name in given:
            raise Problem(422, "this parameter is given twice: give it once", name)
        given[name] = parse_text(fields[name], text) if name in fields else text
    return _read_fields(fields, given)


def _body(endpoint: Endpoint, request: Request, body: bytes) -> dict[str, Any] | None:
    if not body:
        if endpoint.body is not None and endpoint.body_required:
            raise Problem(422, f"the body is missing: give an object with {', '.join(endpoint.body)} as the body")
        return None
    if len(body) > MAX_BODY:
        raise Problem(413, f"the body is too large: give at most {MAX_BODY} bytes")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
        raise Problem(415, f"wrong content type: give {_JSON}", "content-type")
    try:
        given = json.loads(body.decode(), object_pairs_hook=_unique_fields, parse_constant=_reject_constant)
    except (ValueError, RecursionError):
        raise Problem(400, "the body is not JSON in UTF-8: give a JSON object") from None
    return _read_fields(endpoint.body or {}, given)


def _read_fields(fields: Mapping[str, Field], given: object) -> dict[str, Any]:
    try:
        return read_fields(fields, given)
    except FieldError as error:
        raise Problem(422, str(error), error.argument) from None


def _unique_fields(pairs: list[tuple[str, object]]) -> dict[str, object]:
    unique = dict(pairs)
    if len(unique) < len(pairs):
        raise Problem(422, "a field is given twice: give each field once")
    return unique


def _reject_constant(_: str) -> object:
    raise ValueError("not a JSON number")
