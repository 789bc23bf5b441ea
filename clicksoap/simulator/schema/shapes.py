"""Output of the simulator's values as JSON, and their JSON schemas, both by type hints.

A new attribute of a value appears in the API and in its OpenAPI document without further code. Secret fields, such as
``password``, never appear. The descriptions in the schemas come from the section ``Attributes:`` of the docstrings: a
change of a docstring changes the public OpenAPI document.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, cast, get_args, get_origin, get_type_hints

from clicksoap.simulator.masking import SECRET_PARAMETERS

Schema = dict[str, Any]

HIDDEN: Final = SECRET_PARAMETERS
"""The fields that the API reads and never shows."""

DECIMAL: Final = r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$"
"""The pattern of a decimal written as text."""

_SCHEMAS: Final[dict[object, Schema]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bytes: {"type": "string", "pattern": "^([0-9a-f]{2})*$", "description": "In hexadecimal."},
    Decimal: {"type": "string", "pattern": DECIMAL},
    timedelta: {"type": "number", "minimum": 0, "description": "In seconds."},
    datetime: {"type": "string", "format": "date-time", "pattern": r"^[0-9T:.-]+Z$"},
}
_ENCODERS: Final[dict[type, Callable[[Any], object]]] = {
    datetime: lambda value: value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    timedelta: timedelta.total_seconds,
    Decimal: "{:f}".format,
    bytes: bytes.hex,
}
_ATTRIBUTES_SECTION: Final = re.compile(r"^ *Attributes:\n((?: .*\n|\n)+)", re.MULTILINE)
_ATTRIBUTE: Final = re.compile(r"^ +(\w+): (.*(?:\n {12,}.*)*)", re.MULTILINE)


def to_json(value: object, without: Collection[str] = ()) -> Any:  # noqa: ANN401 - it is JSON
    """Convert a value to JSON data: dicts, lists, texts, numbers, flags and None.

    Args:
        value: The value.
        without: Names of fields of a dataclass to leave out.
    """
    if type(value) in _ENCODERS:
        return _ENCODERS[type(value)](value)
    if is_dataclass(value):
        names = (each.name for each in fields(value) if each.name not in HIDDEN and each.name not in without)
        return {name: to_json(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        return {str(name): to_json(each) for name, each in cast("Mapping[object, object]", value).items()}
    if isinstance(value, (tuple, list)):
        return [to_json(each) for each in cast("tuple[object, ...]", value)]
    return value


def schema_of(hint: Any) -> Schema:  # noqa: ANN401 - a type hint may be anything
    """The schema of the JSON that `to_json` gives for values of a type.

    Raises:
        TypeError: Values of this type have no schema.
    """
    if hint in _SCHEMAS:
        return dict(_SCHEMAS[hint])
    if is_dataclass(hint) and isinstance(hint, type):
        return dataclass_schema(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return {"type": "string", "enum": list(arguments)}
    if origin in {Union, UnionType}:
        (other,) = (each for each in arguments if each is not NoneType)
        return {"anyOf": [schema_of(other), {"type": "null"}]}
    if origin is tuple:
        items = [schema_of(each) for each in arguments if each is not Ellipsis]
        fixed = {"prefixItems": items, "minItems": len(items), "maxItems": len(items)}
        return {"type": "array", **({"items": items[0]} if Ellipsis in arguments else fixed)}
    if origin is not None and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": schema_of(arguments[1])}
    raise TypeError(f"{hint} has no schema")


def dataclass_schema(kind: type, without: Collection[str] = (), **more: Schema) -> Schema:
    """The schema of the JSON that `to_json` gives for a dataclass.

    Args:
        kind: The dataclass.
        without: Names of fields to leave out.
        **more: More fields and their schemas.
    """
    texts = attribute_descriptions(kind)
    hints = {name: hint for name, hint in get_type_hints(kind).items() if name not in HIDDEN and name not in without}
    shown_fields = {name: with_description(schema_of(hint), texts.get(name, "")) for name, hint in hints.items()}
    return object_schema(**shown_fields, **more)


def object_schema(**properties: Schema) -> Schema:
    """The schema of an object with exactly these fields."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def array_of(item: Schema) -> Schema:
    """The schema of an array of items."""
    return {"type": "array", "items": item}


def with_description(schema: Schema, text: str) -> Schema:
    """A copy of a schema with a text before its description."""
    words = " ".join(filter(None, (text, schema.get("description", ""))))
    return {**schema, "description": words} if words else schema


def attribute_descriptions(kind: type) -> dict[str, str]:
    """Parse the section ``Attributes:`` of a class's docstring. Empty if Python runs without docstrings (-OO)."""
    section = _ATTRIBUTES_SECTION.search(kind.__doc__ or "")
    found = _ATTRIBUTE.findall(section[1]) if section else []
    return {name: " ".join(text.replace("``", "`").split()) for name, text in found}
