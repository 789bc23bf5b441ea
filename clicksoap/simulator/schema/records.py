"""The simulator's values as text and back, by their type hints alone."""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Final, TypeVar, Union, cast, get_args, get_origin, get_type_hints

_T = TypeVar("_T")

_READ: Final[dict[object, Callable[[str], object]]] = {
    datetime: datetime.fromisoformat,
    Decimal: Decimal,
    bytes: bytes.fromhex,
}


def dumped(value: object) -> str:
    """A value as text."""
    return json.dumps(value, default=_plain, separators=(",", ":"))


def loaded(kind: type[_T], text: str) -> _T:
    """The value that was dumped.

    Raises:
        ValueError: The text is none of that kind.
    """
    try:
        return cast("_T", _value(kind, json.loads(text)))
    except (ArithmeticError, AttributeError, KeyError, RecursionError, TypeError, ValueError):
        problem = f"a record is no {kind.__name__}"
    # Raised out here, because the exceptions above quote what they met.
    raise ValueError(problem)


def _plain(value: object) -> object:
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


def _value(hint: Any, raw: Any) -> Any:  # noqa: ANN401 - any type hint, and what JSON had
    if hint in _READ:
        return _READ[hint](raw)
    if is_dataclass(hint) and isinstance(hint, type):
        hints = get_type_hints(hint)
        return hint(**{name: _value(hints[name], each) for name, each in raw.items()})
    return _composed(hint, raw)


def _composed(hint: Any, raw: Any) -> Any:  # noqa: ANN401 - likewise
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in {Union, UnionType}:
        (other,) = (each for each in arguments if each is not NoneType)
        return None if raw is None else _value(other, raw)
    if origin is tuple:
        items = arguments[:1] * len(raw) if Ellipsis in arguments else arguments
        return tuple(_value(item, each) for item, each in zip(items, raw, strict=True))
    if isinstance(raw, dict):
        return MappingProxyType({str(name): _value(str, each) for name, each in cast("dict[str, object]", raw).items()})
    if isinstance(hint, type) and type(raw) is not hint:
        raise TypeError
    return raw
