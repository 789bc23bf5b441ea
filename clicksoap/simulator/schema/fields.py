"""Input fields of the API and the command line: parsed and checked one by one."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import timedelta
from decimal import Decimal
from math import isfinite
from re import ASCII, fullmatch
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, cast, get_args, get_origin, get_type_hints

from clicksoap.simulator.schema.shapes import (
    DECIMAL,
    HIDDEN,
    Schema,
    attribute_descriptions,
    schema_of,
    with_description,
)

_MAX_DURATION: Final = timedelta(days=3660)
_MAX_INTEGER: Final = 2**53
_FLAG_WORDS: Final = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_NONE_WORDS: Final = {"none", "null"}


class FieldError(ValueError):
    """A value does not fit its fields.

    Attributes:
        argument: The wrong field, with a dot before each inner field; empty if the value as a whole is wrong.
    """

    def __init__(self, message: str, argument: str = "") -> None:
        super().__init__(message)
        self.argument = argument


@dataclass(frozen=True, slots=True)
class Field:
    """One input field.

    Attributes:
        schema: Its JSON schema.
        read: Converts a JSON value to the simulator's value; raises ValueError if the value is invalid.
        required: True if the field must be given.
    """

    schema: Schema
    read: Callable[[object], Any]
    required: bool = True


def field_of(hint: Any, *, required: bool = True, description: str = "") -> Field:  # noqa: ANN401 - any type hint
    """The field for values of a type.

    Args:
        hint: The type hint: a dataclass, a simple type, ``Literal``, ``tuple`` or an optional of these.
        required: True if the field must be given.
        description: The description in the schema.

    Raises:
        TypeError: Values of this type cannot be read.
    """
    if is_dataclass(hint) and isinstance(hint, type):
        inner = fields_of(hint)
        return Field(
            with_description(schema_of_fields(inner), description), lambda value: read_fields(inner, value), required
        )
    return Field(with_description(_input_schema(hint), description), _reader(hint), required)


def fields_of(kind: type, without: Collection[str] = ()) -> dict[str, Field]:
    """The fields of a dataclass. Those with a default are not required.

    Args:
        kind: The dataclass.
        without: Names of fields to leave out.
    """
    hints, texts = get_type_hints(kind), attribute_descriptions(kind)
    fields_by_name = {
        each.name: field_of(
            hints[each.name],
            required=each.default is MISSING and each.default_factory is MISSING,
            description=texts.get(each.name, ""),
        )
        for each in fields(kind)
        if each.name not in without
    }
    for name in HIDDEN & fields_by_name.keys():
        fields_by_name[name].schema["writeOnly"] = True
    return fields_by_name


def integer(minimum: int, maximum: int, description: str, *, required: bool = False) -> Field:
    """The field for a whole number from ``minimum`` to ``maximum``."""

    def read(value: object) -> int:
        number = _read_integer(value)
        if not minimum <= number <= maximum:
            raise ValueError(f"give {minimum} to {maximum}")
        return number

    schema: Schema = {"type": "integer", "minimum": minimum, "maximum": maximum, "description": description}
    return Field(schema, read, required)


def schema_of_fields(fields_by_name: Mapping[str, Field]) -> Schema:
    """The JSON schema of an object with these fields and no others."""
    return {
        "type": "object",
        "properties": {name: field.schema for name, field in fields_by_name.items()},
        "required": [name for name, field in fields_by_name.items() if field.required],
        "additionalProperties": False,
    }


def read_fields(fields_by_name: Mapping[str, Field], given: object) -> dict[str, Any]:
    """Read the values of a JSON object by its fields.

    Raises:
        FieldError: The value is not an object, or a field is unknown, missing or invalid.
    """
    if not isinstance(given, dict):
        raise FieldError(f"give an object with {_names(fields_by_name)}")
    values = cast("dict[str, object]", given)
    for name in values:
        if name not in fields_by_name:
            raise FieldError(f"unknown field: give {_names(fields_by_name)}", name)
    for name, field in fields_by_name.items():
        if field.required and name not in values:
            raise FieldError("this field is missing", name)
    return {name: _read_field(fields_by_name[name], name, value) for name, value in values.items()}


def parse_text(field: Field, text: str) -> object:
    """Convert plain text of a query or a command line to the JSON value of a field; `Field.read` checks it.

    ``none`` and ``null`` stand for None; ``yes``, ``no``, ``on``, ``off``, ``true`` and ``false`` for a flag. An object
    is given as JSON, or as its ``url`` alone.

    Raises:
        ValueError: The text begins like a JSON object but is invalid.
    """
    json_types = _json_types(field.schema)
    if "null" in json_types and text.lower() in _NONE_WORDS:
        return None
    if "object" in json_types:
        return json.loads(text) if text.startswith("{") else {"url": text}
    if "boolean" in json_types:
        return _FLAG_WORDS.get(text.lower(), text)
    if json_types & {"integer", "number"} and fullmatch(r"[+-]?[0-9]{1,16}(\.[0-9]{1,9})?", text, ASCII):
        return float(text) if "." in text else int(text)
    return text


def text_or_value(field: Field) -> Field:
    """An optional field that also takes the text of a command line, such as ``"60"``, ``"yes"`` or ``"none"``."""

    def read(value: object) -> Any:  # noqa: ANN401 - the type of the field
        return field.read(parse_text(field, value) if isinstance(value, str) else value)

    if "string" in _json_types(field.schema):
        return Field(field.schema, read, required=False)
    about = field.schema.get("description", "")
    schema: Schema = {"anyOf": [field.schema, {"type": "string", "description": "As the text of a command line."}]}
    return Field(with_description(schema, about), read, required=False)


def _read_field(field: Field, name: str, value: object) -> Any:  # noqa: ANN401 - the type of the field
    try:
        return field.read(value)
    except FieldError as error:
        raise FieldError(str(error), f"{name}.{error.argument}".rstrip(".")) from None
    except ValueError as error:
        raise FieldError(str(error), name) from None


def _input_schema(hint: Any) -> Schema:  # noqa: ANN401 - any type hint
    if get_origin(hint) in {Union, UnionType}:
        return {"anyOf": [field_of(_non_none(hint)).schema, {"type": "null"}]}
    if hint is timedelta:
        return {"type": "number", "minimum": 0, "maximum": _MAX_DURATION.total_seconds(), "description": "In seconds."}
    return schema_of(hint)


def _reader(hint: Any) -> Callable[[object], Any]:  # noqa: ANN401 - any type hint
    if hint in _READERS:
        return _READERS[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return lambda value: _read_choice(arguments, value)
    if origin in {Union, UnionType}:
        inner = field_of(_non_none(hint))
        return lambda value: None if value is None else inner.read(value)
    if origin is tuple:
        item = _reader(arguments[0])
        return lambda value: tuple(item(each) for each in _read_array(value))
    raise TypeError(f"{hint} cannot be read")


def _non_none(hint: Any) -> Any:  # noqa: ANN401 - any type hint
    (other,) = (each for each in get_args(hint) if each is not NoneType)
    return other


def _read_text(value: object) -> str:
    if isinstance(value, str):
        if any("\ud800" <= char <= "\udfff" for char in value):
            raise ValueError("give a text without halves of surrogate pairs")
        return value
    raise ValueError("give a text")


def _read_flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("give true or false")


def _read_integer(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _MAX_INTEGER:
        raise ValueError("give a whole number")
    return value


def _read_number(value: object) -> float:
    if (
        not isinstance(value, (int, float))
        or isinstance(value, bool)
        or abs(value) > _MAX_INTEGER
        or not isfinite(value)
    ):
        raise ValueError("give a number")
    return float(value)


def _read_seconds(value: object) -> timedelta:
    seconds = _read_number(value)
    if not 0 <= seconds <= _MAX_DURATION.total_seconds():
        raise ValueError(f"give 0 to {_MAX_DURATION.total_seconds():.0f} seconds")
    return timedelta(seconds=seconds)


def _read_decimal(value: object) -> Decimal:
    if not isinstance(value, str) or not fullmatch(DECIMAL, value):
        raise ValueError('give a decimal as text, such as "12.50"')
    return Decimal(value)


def _read_choice(choices: tuple[str, ...], value: object) -> str:
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"give one of {', '.join(map(repr, choices))}")
    return value


def _read_array(value: object) -> list[object]:
    if isinstance(value, list):
        return cast("list[object]", value)
    raise ValueError("give a list")


_READERS: Final[dict[object, Callable[[object], Any]]] = {
    str: _read_text,
    bool: _read_flag,
    int: _read_integer,
    float: _read_number,
    timedelta: _read_seconds,
    Decimal: _read_decimal,
}


def _json_types(schema: Schema) -> set[str]:
    return {schema.get("type", ""), *(each.get("type", "") for each in schema.get("anyOf", ()))}


def _names(fields_by_name: Mapping[str, Field]) -> str:
    return ", ".join(fields_by_name) or "no fields"
