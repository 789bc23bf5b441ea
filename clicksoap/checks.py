"""Checks of arguments that several modules share: text, moments, and several values where one may stand."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, cast

from clicksoap.errors import InvalidInput
from clicksoap.lazy_re import pattern

# XML 1.0 section 2.2, production Char: what no document can hold, not even by reference.
# Told by what it leaves out: a class of what it holds takes ten times longer to compile.
XML_ILLEGAL: Final = pattern("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def check_text(text: object, argument: str) -> str:
    """Return the text, if it is a str of characters that an XML document can hold.

    ``str()`` of a member of an enumeration of strs is its name: it is the characters that are sent and counted.
    """
    if not isinstance(text, str):
        raise InvalidInput(f"{argument} is {type(text).__name__}: give a str")
    # Whatever is illegal cannot be printed either.
    if not text.isprintable() and (found := XML_ILLEGAL.search(text)):
        raise InvalidInput(
            f"{argument} holds U+{ord(found.group()):04X} at position {found.start()}, "
            "which no XML document can carry: take it out"
        )
    return str.__str__(text)


def check_aware(moment: object, argument: str) -> None:
    """Refuse everything but None and a datetime with a time zone."""
    if moment is not None and (not isinstance(moment, datetime) or moment.utcoffset() is None):
        raise InvalidInput(f"{argument} is not a datetime with a time zone: give one, such as datetime.now(UTC)")


def plain_str(value: object) -> str:
    """The plain text of a str or an int, also of a subclass whose ``str()`` differs (``class N(str, Enum)``)."""
    if isinstance(value, str):
        return str.__str__(value)
    return int.__repr__(value) if isinstance(value, int) else str(value)


def iterable(value: object, argument: str) -> Iterable[object]:
    """Return the value as an iterable; bytes and mappings are refused, because they iterate over something else."""
    if isinstance(value, bytes | bytearray | Mapping) or not isinstance(value, Iterable):
        raise InvalidInput(f"{argument} is {type(value).__name__}: give one number or an iterable, of str or int")  # pyright: ignore[reportUnknownArgumentType]
    return cast("Iterable[object]", value)
