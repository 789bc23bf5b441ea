"""Encoding of the simulator's values as text for the store, and decoding by type hints."""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Final, TypeVar, Union, cast, get_args, get_origin, get_type_hints

_T = TypeVar("_T")


def _moment(text: str) -> datetime:
    """A time with its offset from UTC; times without one cannot be compared with others."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no offset from UTC")
    return moment


_DECODERS: Final[dict[object, Callable[[str], object]]] = {
    datetime: _moment,
    Decimal: Decimal,
    bytes: bytes.fromhex,
}


def dump(value: object) -> str:
    """Encode a value as JSON text."""
    return json.dumps(value, default=_encode, separators=(",", ":"))


def load(kind: type[_T], text: str) -> _T:
    """Decode a value that `dump` encoded.

    Args:
        kind: The type of the value.
        text: The text.

    Raises:
        ValueError: The text does not hold a value of that type. The error does not quote the text.
    """
    try:
        return cast("_T", _decode(kind, json.loads(text)))
    except (ArithmeticError, AttributeError, KeyError, RecursionError, TypeError, ValueError):
        problem = f"a record is not a valid {kind.__name__}"
    # Raised outside of the handler: the exceptions above quote values.
    raise ValueError(problem)


def _encode(value: object) -> object:
    if is_dataclass(value):
        return {each.name: getattr(value, each.name) for each in fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, object]", value))
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(type(value).__name__)


def _decode(hint: Any, data: Any) -> Any:  # noqa: ANN401 - any type hint, any JSON
    if hint in _DECODERS:
        return _DECODERS[hint](data)
    if is_dataclass(hint) and isinstance(hint, type):
        hints = get_type_hints(hint)
        return hint(**{name: _decode(hints[name], each) for name, each in data.items()})
    return _decode_composite(hint, data)


def _decode_composite(hint: Any, data: Any) -> Any:  # noqa: ANN401 - likewise
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in {Union, UnionType}:
        (other,) = (each for each in arguments if each is not NoneType)
        return None if data is None else _decode(other, data)
    if origin is tuple:
        items = arguments[:1] * len(data) if Ellipsis in arguments else arguments
        return tuple(_decode(item, each) for item, each in zip(items, data, strict=True))
    if isinstance(data, dict):
        return MappingProxyType(
            {str(name): _decode(str, each) for name, each in cast("dict[str, object]", data).items()}
        )
    if isinstance(hint, type) and type(data) is not hint:
        raise TypeError
    return data
