"""Recipients as the gateway wants them: an MSISDN is the international number, digits only."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from clicksoap.errors import InvalidInput

_PUNCTUATION: Final = re.compile(r"[\s().\-/]")
_INTERNATIONAL: Final = re.compile(r"[0-9]+")
# ITU E.164 section 6: at most 15 digits. Fewer than 7 cannot be a subscriber behind a country code.
_SHORTEST, _LONGEST = 7, 15


@dataclass(frozen=True, slots=True)
class Recipient:
    """One recipient of a send.

    Attributes:
        msisdn: International digits without ``+`` or ``00``, as they go out.
        given: The caller's own spelling.
    """

    msisdn: str = field(repr=False)
    given: str = field(repr=False)


def msisdn(number: object, argument: str = "to") -> str:
    """The MSISDN of a number written in international form.

    ``+27 82 123-4567``, ``0027821234567``, ``(27) 82 1234567`` and the int ``27821234567`` all give ``27821234567``.

    Raises:
        InvalidInput: The number has letters, is too short or too long for ITU E.164, or is in national form.
    """
    if isinstance(number, bool) or not isinstance(number, str | int):
        raise InvalidInput(f"{argument} is {type(number).__name__}: give the number as str or int")
    digits = _PUNCTUATION.sub("", str(number))
    if "(0)" in str(number).replace(" ", ""):
        raise InvalidInput(f"{argument} holds a national (0): leave it out, the country code replaces it")
    digits = digits.removeprefix("+") if digits.startswith("+") else digits.removeprefix("00")
    if not _INTERNATIONAL.fullmatch(digits):
        raise InvalidInput(f"{argument} is not a number: give digits with the country code, such as +27 82 000 0000")
    if digits.startswith("0"):
        raise InvalidInput(f"{argument} starts with a national 0: replace it by the country code, such as 27 or +27")
    if not _SHORTEST <= len(digits) <= _LONGEST:
        raise InvalidInput(
            f"{argument} has {len(digits)} digits: an international number has {_SHORTEST} to {_LONGEST} (ITU E.164)"
        )
    return digits


def recipients(to: str | int | Iterable[str | int]) -> tuple[Recipient, ...]:
    """The recipients behind what a caller gives as ``to``, in order; doubles are kept.

    Raises:
        InvalidInput: There are none, or one of them is not a number; the text names its position, not the number.
    """
    if isinstance(to, str | int):
        return (Recipient(msisdn(to), str(to)),)
    found = tuple(
        Recipient(msisdn(number, f"to[{index}]"), str(number)) for index, number in enumerate(iterable(to, "to"))
    )
    if not found:
        raise InvalidInput("to is empty: give at least one recipient")
    return found


def iterable(value: object, argument: str) -> Iterable[object]:
    """What a caller gave as several; bytes and mappings, whose iteration gives something else, are refused."""
    if isinstance(value, bytes | bytearray | Mapping) or not isinstance(value, Iterable):
        raise InvalidInput(f"{argument} is {type(value).__name__}: give one number or an iterable, of str or int")  # pyright: ignore[reportUnknownArgumentType]
    return cast("Iterable[object]", value)


def masked(number: str) -> str:
    """A number fit for logs and reprs: its first two and last two digits."""
    return f"{number[:2]}…{number[-2:]}" if len(number) >= _SHORTEST else "…"
