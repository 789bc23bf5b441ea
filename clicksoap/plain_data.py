"""Readers of plain data, such as JSON gives back: each refuses a value of another kind.

They raise one of `MALFORMED`, which names the key and never the value.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, cast


class Unfit(ValueError):
    """The value of a key is of another kind; the text is the key."""


MALFORMED: Final = (KeyError, TypeError, ValueError, AttributeError, OverflowError)
"""The errors of data of another shape."""


def described(error: Exception) -> str:
    """The fault of plain data, without the data: numbers and texts do not belong into an error."""
    if isinstance(error, Unfit):
        return f"{error} is of another kind"
    return f"no {error.args[0]}" if isinstance(error, KeyError) else type(error).__name__


def items(data: Mapping[str, Any], name: str) -> Sequence[Any]:
    """A list."""
    value = data[name]
    if not isinstance(value, list | tuple):
        raise Unfit(name)
    return cast("Sequence[Any]", value)


def texts(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A list of str."""
    values = tuple(items(data, name))
    if not all(isinstance(value, str) for value in values):
        raise Unfit(name)
    return values


def optional_text(data: Mapping[str, Any], name: str) -> str | None:
    """A str or None."""
    value = data[name]
    if value is not None and not isinstance(value, str):
        raise Unfit(name)
    return value


def text(data: Mapping[str, Any], name: str) -> str:
    """A str that is not empty."""
    value = optional_text(data, name)
    if not value:
        raise Unfit(name)
    return value


def flag(data: Mapping[str, Any], name: str) -> bool:
    """True or False."""
    value = data[name]
    if not isinstance(value, bool):
        raise Unfit(name)
    return value


def number(data: Mapping[str, Any], name: str, largest: int) -> int:
    """A whole number from 1 to the largest."""
    value = data[name]
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unfit(name)
    if not 1 <= value <= largest:
        raise Unfit(name)
    return value


def moment(data: Mapping[str, Any], name: str) -> datetime | None:
    """A time with its zone, in ISO 8601; given in UTC."""
    written = optional_text(data, name)
    if written is None:
        return None
    value = datetime.fromisoformat(written)
    if value.utcoffset() is None:
        raise Unfit(name)
    return value.astimezone(UTC)


def iso(value: datetime | None) -> str | None:
    """The time in ISO 8601, as `moment` reads it."""
    return None if value is None else value.isoformat()
