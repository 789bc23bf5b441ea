"""The simulator's values as JSON, and the schemas of that: both from the type hints of the values alone.

A field that is added to a value appears in the API, and in its description, by itself. Secret fields, such as
``password``, never do.
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
"""The fields that are taken and never given."""

DECIMAL: Final = r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$"
"""How decimals are written."""

_SIMPLE: Final[dict[object, Schema]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bytes: {"type": "string", "pattern": "^([0-9a-f]{2})*$", "description": "In hexadecimal."},
    Decimal: {"type": "string", "pattern": DECIMAL},
    timedelta: {"type": "number", "minimum": 0, "description": "In seconds."},
    datetime: {"type": "string", "format": "date-time", "pattern": r"^[0-9T:.-]+Z$"},
}
_WRITTEN: Final[dict[type, Callable[[Any], object]]] = {
    datetime: lambda value: value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    timedelta: timedelta.total_seconds,
    Decimal: "{:f}".format,
    bytes: bytes.hex,
}
_ATTRIBUTES: Final = re.compile(r"^ *Attributes:\n((?: .*\n|\n)+)", re.MULTILINE)
_ATTRIBUTE: Final = re.compile(r"^ +(\w+): (.*(?:\n {12,}.*)*)", re.MULTILINE)


def shown(value: object, without: Collection[str] = ()) -> Any:  # noqa: ANN401 - it is JSON
    """A value as JSON would have it.

    Args:
        value: The value.
        without: Fields that are left out.
    """
    if type(value) in _WRITTEN:
        return _WRITTEN[type(value)](value)
    if is_dataclass(value):
        names = (each.name for each in fields(value) if each.name not in HIDDEN and each.name not in without)
        return {name: shown(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        return {str(name): shown(each) for name, each in cast("Mapping[object, object]", value).items()}
    if isinstance(value, (tuple, list)):
        return [shown(each) for each in cast("tuple[object, ...]", value)]
    return value


def schema_of(hint: Any) -> Schema:  # noqa: ANN401 - a type hint may be anything
    """The schema of what `shown` makes of a value of that type."""
    if hint in _SIMPLE:
        return dict(_SIMPLE[hint])
    if is_dataclass(hint) and isinstance(hint, type):
        return record_of(hint)
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


def record_of(kind: type, without: Collection[str] = (), **more: Schema) -> Schema:
    """The schema of a dataclass as it is shown.

    Args:
        kind: The dataclass.
        without: Fields that are left out.
        more: Fields that are put in.
    """
    said = descriptions(kind)
    hints = {name: hint for name, hint in get_type_hints(kind).items() if name not in HIDDEN and name not in without}
    shown_fields = {name: described(schema_of(hint), said.get(name, "")) for name, hint in hints.items()}
    return record(**shown_fields, **more)


def record(**properties: Schema) -> Schema:
    """The schema of an object that has all of these fields and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def listed(item: Schema) -> Schema:
    """The schema of an array."""
    return {"type": "array", "items": item}


def described(schema: Schema, text: str) -> Schema:
    """A schema with words, in front of those that it has."""
    words = " ".join(filter(None, (text, schema.get("description", ""))))
    return {**schema, "description": words} if words else schema


def descriptions(kind: type) -> dict[str, str]:
    """What the docstring of a class says of its attributes; nothing where docstrings were stripped."""
    section = _ATTRIBUTES.search(kind.__doc__ or "")
    found = _ATTRIBUTE.findall(section[1]) if section else []
    return {name: " ".join(text.replace("``", "`").split()) for name, text in found}
