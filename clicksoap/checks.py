"""Checks of arguments that several modules share: text, moments, durations, and several values where one may stand.

Each returns a plain value of the built-in type. A subclass may have arithmetic, comparisons or a ``str()`` of its own
(pendulum's moments, enumerations of strs and ints): they change nothing of what is computed and sent.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Final, cast

from clicksoap.errors import InvalidInput
from clicksoap.lazy_re import pattern

# XML 1.0 section 2.2, production Char: what no document can hold, not even by reference.
# Told by what it leaves out: a class of what it holds takes ten times longer to compile.
XML_ILLEGAL: Final = pattern("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

MAX_SECONDS: Final = 10**9
"""The longest wait that an argument may ask for, some 31 years: sockets and locks overflow at longer ones."""

# Control characters have no names in Unicode; these are the usual ones.
_CONTROLS: Final = {
    "\0": "NULL",
    "\b": "BACKSPACE",
    "\f": "FORM FEED",
    "\v": "VERTICAL TAB",
    "\t": "TAB",
    "\n": "LINE FEED",
    "\r": "CARRIAGE RETURN",
    "\x1b": "ESCAPE",
}


def named_character(char: str) -> str:
    """The code point of a character and its name, such as ``U+2019 RIGHT SINGLE QUOTATION MARK``."""
    if "\ud800" <= char <= "\udfff":
        name = "half of a surrogate pair"
    else:
        name = unicodedata.name(char, "") or _CONTROLS.get(char) or "a character without a name"
    return f"U+{ord(char):04X} {name}"


def check_text(text: object, argument: str) -> str:
    """Return the text, if it is a str of characters that an XML document can hold.

    ``str()`` of a member of an enumeration of strs is its name: it is the characters that are sent and counted.
    """
    if not isinstance(text, str):
        raise InvalidInput(f"{argument} is {type(text).__name__}: give a str")
    plain = str.__str__(text)
    # Whatever is illegal cannot be printed either.
    if not plain.isprintable() and (found := XML_ILLEGAL.search(plain)):
        raise InvalidInput(
            f"{argument} holds {named_character(found.group())} at position {found.start()}, "
            "which no XML document can carry: take it out"
        )
    return plain


def plain_moment(moment: object, argument: str) -> datetime:
    """Return the moment as a plain datetime with a fixed offset from UTC.

    Raises:
        InvalidInput: It is no datetime, or has no time zone that works.
    """
    if not isinstance(moment, datetime):
        raise InvalidInput(_NO_MOMENT.format(argument))
    try:
        offset = moment.utcoffset()
        zone = None if offset is None else timezone(plain_duration(offset, argument))
    except Exception:  # noqa: BLE001 - a time zone is code of others
        zone = None
    if zone is None:
        raise InvalidInput(_NO_MOMENT.format(argument))
    # Read by the base class's own attributes: a subclass may have attributes of these names that mean something else.
    parts = (datetime.year, datetime.month, datetime.day, datetime.hour, datetime.minute, datetime.second)
    year, month, day, hour, minute, second, microsecond = (
        int(part.__get__(moment)) for part in (*parts, datetime.microsecond)
    )
    return datetime(year, month, day, hour, minute, second, microsecond, zone)


_NO_MOMENT: Final = "{} is not a datetime with a time zone: give one, such as datetime.now(UTC)"


def plain_duration(duration: object, argument: str) -> timedelta:
    """Return the duration as a plain timedelta.

    Raises:
        InvalidInput: It is no timedelta.
    """
    if not isinstance(duration, timedelta):
        raise InvalidInput(f"{argument} is {type(duration).__name__}: give a timedelta")
    days, seconds, microseconds = (
        int(part.__get__(duration)) for part in (timedelta.days, timedelta.seconds, timedelta.microseconds)
    )
    return timedelta(days, seconds, microseconds)


def plain_str(value: object) -> str:
    """The plain text of a str or an int, also of a subclass whose ``str()`` differs (``class N(str, Enum)``)."""
    if isinstance(value, str):
        return str.__str__(value)
    return int.__repr__(value) if isinstance(value, int) else str(value)


def plain_int(value: object) -> int | None:
    """Return an int, also a member of an enumeration of ints, as a plain int; None for a bool and all else."""
    return int.__index__(value) if isinstance(value, int) and not isinstance(value, bool) else None


def plain_seconds(value: object, *, is_zero_allowed: bool = False) -> float | None:
    """Return a number of seconds as a plain int or float; None for all else, and for more than `MAX_SECONDS`."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    number = int.__index__(value) if isinstance(value, int) else float.__float__(value)
    return number if (number >= 0 if is_zero_allowed else number > 0) and number <= MAX_SECONDS else None


def iterable(value: object, argument: str) -> Iterable[object]:
    """Return the value as an iterable; bytes and mappings are refused, because they iterate over something else."""
    if isinstance(value, list | tuple):
        return cast("Iterable[object]", value)
    if isinstance(value, bytes | bytearray | memoryview | Mapping) or not isinstance(value, Iterable):
        raise InvalidInput(f"{argument} is {type(value).__name__}: give one number or an iterable, of str or int")  # pyright: ignore[reportUnknownArgumentType]
    return cast("Iterable[object]", value)
