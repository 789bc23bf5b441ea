"""The OpenAPI document of the API, generated from its endpoints."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from clicksoap.simulator.api.control_endpoints import ACCOUNT, INFO, SETTINGS
from clicksoap.simulator.api.endpoints import Endpoint
from clicksoap.simulator.api.message_endpoints import EXCHANGE, MESSAGE, SUMMARY
from clicksoap.simulator.faults.rules import Rule
from clicksoap.simulator.gateway.callback_url import CallbackUrl
from clicksoap.simulator.gateway.messages import Stage
from clicksoap.simulator.schema.fields import schema_of_fields
from clicksoap.simulator.schema.shapes import Schema, object_schema, schema_of
from clicksoap.simulator.webhooks.dispatcher import Attempt
from clicksoap.simulator.webhooks.handset import Inbound
from clicksoap.version import __version__

_ERROR: Final = object_schema(
    error=object_schema(
        argument={
            "type": "string",
            "description": "The wrong field, parameter or header; empty if the request as a whole is wrong.",
        },
        message={"type": "string", "description": "The text: what is wrong and what to give."},
    )
)
_COMPONENTS: Final[Mapping[str, Schema]] = {
    "Stage": schema_of(Stage),
    "Message": MESSAGE,
    "MessageSummary": SUMMARY,
    "Exchange": EXCHANGE,
    "Inbound": schema_of(Inbound),
    "Attempt": schema_of(Attempt),
    "CallbackUrl": schema_of(CallbackUrl),
    "Account": ACCOUNT,
    "Settings": SETTINGS,
    "Fault": schema_of(Rule),
    "Info": INFO,
    "Error": _ERROR,
}
_PATH_PARAMETER: Final = re.compile(r"{(\w+)}")
_ABOUT: Final = """\
Reads and changes everything that the simulated gateway holds.

Times are UTC in ISO 8601; decimals are texts. An error is an object `error` with the wrong argument and a message:

- 400: the body is not valid JSON.
- 401: a login is needed.
- 403: a page of another site sent the request.
- 404: the path or the item is unknown.
- 405: the path does not have this method.
- 413: the body is larger than 1 MiB.
- 415: the body is not `application/json`.
- 421: the Host is not this machine.
- 422: a field or parameter is unknown, missing or invalid."""


def openapi_document(endpoints: Iterable[Endpoint], base: str) -> Schema:
    """Generate the OpenAPI document.

    Args:
        endpoints: All endpoints of the API.
        base: The path of the API.
    """
    paths: dict[str, Schema] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation_object(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {"title": "clicksoap simulator", "version": __version__, "description": _ABOUT},
        "servers": [{"url": base}],
        "security": [{}, {"login": []}],
        "paths": paths,
        "components": {
            "schemas": {name: _with_references_inside(schema) for name, schema in _COMPONENTS.items()},
            "securitySchemes": {"login": {"type": "http", "scheme": "basic"}},
        },
    }


def _operation_object(endpoint: Endpoint) -> Schema:
    parameters: list[Schema] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PATH_PARAMETER.findall(endpoint.path)
    ]
    parameters += [
        {"name": name, "in": "query", "required": field.required, "schema": field.schema}
        for name, field in endpoint.query.items()
    ]
    operation: Schema = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "parameters": parameters,
        "responses": {
            "200": {"description": "Done.", "content": _json(endpoint.answer)},
            "4XX": {"description": "The API refuses the request.", "content": _json(_ERROR)},
            "5XX": {"description": "The simulator failed.", "content": _json(_ERROR)},
        },
    }
    if endpoint.body is not None:
        operation["requestBody"] = {
            "required": endpoint.body_required,
            "content": _json(schema_of_fields(endpoint.body)),
        }
    return operation


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": _with_references(schema)}}


def _with_references(value: object) -> Any:  # noqa: ANN401 - any part of a schema
    """A schema with references in place of the components that it repeats."""
    for name, schema in _COMPONENTS.items():
        if value == schema:
            return {"$ref": f"#/components/schemas/{name}"}
    return _with_references_inside(value)


def _with_references_inside(value: object) -> Any:  # noqa: ANN401 - any part of a schema
    if isinstance(value, dict):
        return {name: _with_references(each) for name, each in cast("dict[str, object]", value).items()}
    return [_with_references(each) for each in cast("list[object]", value)] if isinstance(value, list) else value
