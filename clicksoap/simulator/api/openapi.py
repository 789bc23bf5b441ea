"""The API's description, put together from what is served."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from clicksoap.simulator.api.control_endpoints import ACCOUNT, INFO, SETTINGS_SHOWN
from clicksoap.simulator.api.endpoints import Operation
from clicksoap.simulator.api.message_endpoints import EXCHANGE, MESSAGE, SUMMARY
from clicksoap.simulator.faults.rules import Rule
from clicksoap.simulator.gateway.callback_url import CallbackUrl
from clicksoap.simulator.gateway.messages import Stage
from clicksoap.simulator.schema.fields import schema_of_fields
from clicksoap.simulator.schema.shapes import Schema, record, schema_of
from clicksoap.simulator.webhooks.dispatcher import Attempt
from clicksoap.simulator.webhooks.handset import Inbound
from clicksoap.version import __version__

_ERROR: Final = record(
    error=record(
        argument={"type": "string", "description": "The field, parameter or header that is wrong; empty if none is."},
        message={"type": "string", "description": "What is wrong."},
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
    "Settings": SETTINGS_SHOWN,
    "Fault": schema_of(Rule),
    "Info": INFO,
    "Error": _ERROR,
}
_PARAMETER: Final = re.compile(r"{(\w+)}")
_ABOUT: Final = """\
Everything that the simulated gateway holds, and everything that can be done to it.

Times are UTC, in ISO 8601; decimals are texts. What is wrong with a request is said by an object `error` that names
the argument: 400 for what is no JSON, 401 where a login is needed, 403 for other sites' pages, 404 for what is not
there, 405 for a method that a path does not have, 413 for bodies over 1 MiB, 415 for bodies that are not
`application/json`, 421 for a Host that is not this machine, and 422 for fields and parameters that are unknown,
missing or wrong."""


def describe(operations: Iterable[Operation], base: str) -> Schema:
    """The OpenAPI document of some operations.

    Args:
        operations: What is served.
        base: The path of the API.
    """
    paths: dict[str, Schema] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "clicksoap simulator", "version": __version__, "description": _ABOUT},
        "servers": [{"url": base}],
        "security": [{}, {"login": []}],
        "paths": paths,
        "components": {
            "schemas": {name: _inside(schema) for name, schema in _COMPONENTS.items()},
            "securitySchemes": {"login": {"type": "http", "scheme": "basic"}},
        },
    }


def _described(operation: Operation) -> Schema:
    parameters: list[Schema] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PARAMETER.findall(operation.path)
    ]
    parameters += [
        {"name": name, "in": "query", "required": field.required, "schema": field.schema}
        for name, field in operation.query.items()
    ]
    said: Schema = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": parameters,
        "responses": {
            "200": {"description": "Done.", "content": _json(operation.answer)},
            "4XX": {"description": "The request is refused.", "content": _json(_ERROR)},
            "5XX": {"description": "The simulator failed.", "content": _json(_ERROR)},
        },
    }
    if operation.body is not None:
        said["requestBody"] = {"required": operation.whole, "content": _json(schema_of_fields(operation.body))}
    return said


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": _referring(schema)}}


def _referring(value: object) -> Any:  # noqa: ANN401 - any part of a schema
    """A schema that names the components instead of repeating them."""
    for name, schema in _COMPONENTS.items():
        if value == schema:
            return {"$ref": f"#/components/schemas/{name}"}
    return _inside(value)


def _inside(value: object) -> Any:  # noqa: ANN401 - any part of a schema
    if isinstance(value, dict):
        return {name: _referring(each) for name, each in cast("dict[str, object]", value).items()}
    return [_referring(each) for each in cast("list[object]", value)] if isinstance(value, list) else value
