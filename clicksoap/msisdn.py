"""MSISDNs: international numbers of digits only, read from what callers write."""

import contextlib
import re
from collections.abc import Iterable, Sequence
from typing import Final, TypeGuard, cast

from clicksoap.checks import iterable, plain_str
from clicksoap.errors import ConfigurationError, InvalidInput
from clicksoap.lazy_re import pattern
from clicksoap.redaction import masked_number
from clicksoap.results import NotSentResults, RecipientResult, State

_PUNCTUATION: Final = pattern(r"[\s().\-/]")
_INTERNATIONAL: Final = pattern(r"[0-9]+")
# Most numbers are already as they go out, and hundreds of them are looked at in one step.
_PLAIN: Final = re.compile("[1-9][0-9]{6,14}")
_ALL_PLAIN: Final = re.compile(rf"(?:{_PLAIN.pattern}\n)+")
# ITU E.164 section 6: at most 15 digits. Fewer than 7 cannot be a subscriber behind a country code.
_SHORTEST, _LONGEST = 7, 15


class Recipients:
    """The recipients of a send in input order, as two columns: hundreds are taken, sent and matched at once.

    Attributes:
        msisdns: International digits without ``+`` or ``00``, as they go out.
        given: The caller's own spellings.
    """

    __slots__ = ("given", "msisdns")

    def __init__(self, msisdns: Sequence[str], given: Sequence[str]) -> None:
        self.msisdns = tuple(msisdns)
        self.given = tuple(given)

    def at(self, positions: Sequence[int]) -> "Recipients":
        """The recipients at these positions, counted from 0."""
        if positions == range(len(self)):
            return self
        return Recipients([self.msisdns[index] for index in positions], [self.given[index] for index in positions])

    def __len__(self) -> int:
        return len(self.msisdns)

    def __repr__(self) -> str:
        return f"<Recipients {', '.join(map(masked_number, self.msisdns))}>"


def msisdn(number: object, argument: str = "to", region: str | None = None) -> str:
    """The MSISDN of a number written in international form, or with a region in its national form.

    ``+27 82 123-4567``, ``0027821234567``, ``(27) 82 1234567`` and the int ``27821234567`` all give ``27821234567``.

    Args:
        number: The number.
        argument: What an error calls it.
        region: ISO 3166 code of the country whose national form is understood (extra ``phone``).

    Raises:
        InvalidInput: The number has letters, is too short or too long for ITU E.164, or is in national form without a
            region.
    """
    if region is None and isinstance(number, str) and _PLAIN.fullmatch(number):
        return plain_str(number)
    if isinstance(number, bool) or not isinstance(number, str | int):
        raise InvalidInput(f"{argument} is {type(number).__name__}: give the number as str or int")
    if isinstance(number, int) and not 0 <= number < 10**_LONGEST:
        raise InvalidInput(f"{argument} is not a number: give a positive one of at most {_LONGEST} digits")
    written = plain_str(number).strip()
    digits = _PUNCTUATION.sub("", written)
    if region is not None and not digits.startswith(("+", "00")):
        return _national(digits, argument, region)
    if "(0)" in written.replace(" ", ""):
        raise InvalidInput(f"{argument} holds a national (0): leave it out, the country code replaces it")
    digits = digits.removeprefix("+") if digits.startswith("+") else digits.removeprefix("00")
    if "," in digits:
        raise InvalidInput(f"{argument} holds several numbers in one text: give a list of them")
    if not _INTERNATIONAL.fullmatch(digits):
        raise InvalidInput(f"{argument} is not a number: give digits with the country code, such as +27 82 000 0000")
    if digits.startswith("0"):
        raise InvalidInput(
            f"{argument} starts with a national 0: replace it by the country code, such as 27 or +27, or give the "
            'client region="ZA"'
        )
    if not _SHORTEST <= len(digits) <= _LONGEST:
        raise InvalidInput(
            f"{argument} has {len(digits)} digits: an international number has {_SHORTEST} to {_LONGEST} (ITU E.164)"
        )
    return digits


def check_region(region: str) -> None:
    """Refuse a region that phonenumbers does not know.

    Raises:
        ConfigurationError: There is none of that code, or the extra is missing.
    """
    try:
        import phonenumbers  # noqa: PLC0415 - an extra
    except ImportError:
        raise ConfigurationError('region= needs an extra: pip install "clicksoap[phone]"') from None
    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise ConfigurationError('region= is unknown: give a country code of two capitals, such as "ZA"')


def _national(digits: str, argument: str, region: str) -> str:
    import phonenumbers  # noqa: PLC0415 - an extra, checked when the client was made

    parsed = None
    # It would read letters as keys of a phone, and find a number in the middle of a sentence.
    if _INTERNATIONAL.fullmatch(digits):
        with contextlib.suppress(phonenumbers.NumberParseException):
            parsed = phonenumbers.parse(digits, region)
    # Possible only within one town is not possible behind a country code.
    possible = phonenumbers.ValidationResult.IS_POSSIBLE
    if parsed is None or phonenumbers.is_possible_number_with_reason(parsed) != possible:
        raise InvalidInput(
            f"{argument} is not a number of region {region}: give one, or an international number with +"
        )
    found = f"{parsed.country_code}{phonenumbers.national_significant_number(parsed)}"
    if found != digits and digits.startswith(str(parsed.country_code)):
        # Read as national it gets the country code once more; read as it stands it may be whole already.
        whole = phonenumbers.parse(f"+{digits}")
        if phonenumbers.is_possible_number_with_reason(whole) == possible:
            raise InvalidInput(
                f"{argument} may be a number of region {region} or one with its country code: "
                "write + before the latter, or 0 before the former"
            )
    return found


Numbers = str | int | Iterable[str | int | RecipientResult]
"""The recipients of a send, as a caller gives them: one number, or several, or results of a report."""


def recipients(to: Numbers, region: str | None = None) -> Recipients:
    """The recipients of a caller's ``to``, in order; doubles are kept.

    Results of a report are taken if they are not sent; those of a ``unique=True`` send give each number once.

    Returns:
        The recipients; nobody where ``to`` is an empty ``SendReport.not_sent``.

    Raises:
        InvalidInput: There are none, or one of them is not a number; the text names its position, not the number.
    """
    if isinstance(to, str | int):
        return Recipients((msisdn(to, "to", region),), (plain_str(to),))
    if region is None and isinstance(to, list | tuple) and _are_plain(several := tuple(to)):
        return Recipients(several, several)
    msisdns: list[str] = []
    given: list[str] = []
    unique: set[str] = set()
    for position, number in enumerate(iterable(to, "to")):
        if not isinstance(number, RecipientResult):
            msisdns.append(msisdn(number, f"to[{position}]", region))
            given.append(plain_str(number))
            continue
        if number.state is not State.NOT_SENT:
            raise InvalidInput(f"to[{position}] is a result in state {number.state}: give results in state not_sent")
        if not number.unique or number.to not in unique:
            msisdns.append(number.to)
            given.append(number.given)
        if number.unique:
            unique.add(number.to)
    if not msisdns and not isinstance(to, NotSentResults):
        raise InvalidInput("to is empty: give at least one recipient")
    return Recipients(msisdns, given)


def _are_plain(numbers: tuple[str | int | RecipientResult, ...]) -> TypeGuard[tuple[str, ...]]:
    """Whether each number is a str that is an MSISDN already."""
    if not {str}.issuperset(map(type, numbers)):
        return False
    lines = "\n".join([*cast("tuple[str, ...]", numbers), ""])
    return _ALL_PLAIN.fullmatch(lines) is not None and lines.count("\n") == len(numbers)
