"""MSISDNs: international numbers of digits only, read from what callers write."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, TypeGuard, cast

from clicksoap.checks import iterable, named_character, plain_str
from clicksoap.errors import ConfigurationError, InvalidInput
from clicksoap.lazy_re import pattern
from clicksoap.redaction import masked_number
from clicksoap.results import NotSentResults, RecipientResult, State

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

# Between two digits people write blanks, and one hyphen, dot or parenthesis; blanks are folded before.
_WRITTEN: Final = pattern(r"\(? ?\+? ?\(? ?[0-9](?: ?\)? ?[-.]? ?\(? ?[0-9])* ?\)?")
_PARENTHESES: Final = pattern(r"[^()]*(?:\([^()]*\)[^()]*)*")
_NO_DIGIT: Final = pattern(r"[^0-9]")
# A number of a spreadsheet: its one dot is the last mark, and behind it stands what no number ends in.
_DECIMAL: Final = pattern(r"\+?[0-9]{7,}\.[0-9]+|[^.]*\.[0-9]{1,2}|.*\.[0-9]")
_PARTS_OF_NUMBERS: Final = frozenset("0123456789+-.() \t")
_HYPHENS: Final = frozenset(
    "\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{FIGURE DASH}\N{EN DASH}\N{EM DASH}\N{HORIZONTAL BAR}\N{MINUS SIGN}"
    "\N{SMALL EM DASH}\N{SMALL HYPHEN-MINUS}"
)
# What address books copy along with a number: nobody sees it. RIGHT-TO-LEFT OVERRIDE is missing, because behind it the
# digits are seen in another order.
_INVISIBLE: Final = frozenset(
    "\N{SOFT HYPHEN}\N{ARABIC LETTER MARK}\N{ZERO WIDTH SPACE}\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
    "\N{LEFT-TO-RIGHT MARK}\N{RIGHT-TO-LEFT MARK}\N{LEFT-TO-RIGHT EMBEDDING}\N{RIGHT-TO-LEFT EMBEDDING}"
    "\N{POP DIRECTIONAL FORMATTING}\N{LEFT-TO-RIGHT OVERRIDE}\N{WORD JOINER}\N{LEFT-TO-RIGHT ISOLATE}"
    "\N{RIGHT-TO-LEFT ISOLATE}\N{FIRST STRONG ISOLATE}\N{POP DIRECTIONAL ISOLATE}\N{ZERO WIDTH NO-BREAK SPACE}"
)
_FULL_WIDTH: Final = 0xFEE0  # from an ASCII character to its full-width form
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

    ``+27 82 123-4567``, ``0027821234567``, ``(27) 82 1234567``, ``tel:+27-82-123-4567`` and the int ``27821234567`` all
    give ``27821234567``. Digits of other scripts are read, and invisible marks are left out.

    Args:
        number: The number.
        argument: What an error calls it.
        region: ISO 3166 code of the country whose national form is understood (extra ``phone``).

    Raises:
        InvalidInput: The number has letters or punctuation that no number has, is too short or too long for ITU E.164,
            or is in national form without a region.
    """
    if region is None and isinstance(number, str) and _PLAIN.fullmatch(number):
        return plain_str(number)
    if isinstance(number, bool) or not isinstance(number, str | int):
        raise InvalidInput(f"{argument} is {type(number).__name__}: give the number as str or int")
    if isinstance(number, int):
        number = int.__index__(number)
        if not 0 <= number < 10**_LONGEST:
            raise InvalidInput(f"{argument} is not a number: give a positive one of at most {_LONGEST} digits")
    written = written_number(plain_str(number), argument)
    is_international = written.lstrip("( ").startswith("+")
    digits = _NO_DIGIT.sub("", written)
    if region is not None:
        return _without_trunk_zero(digits, argument) if is_international else _national(digits, argument, region)
    if "(0)" in written.replace(" ", ""):
        raise InvalidInput(f"{argument} holds a national (0): leave it out, the country code replaces it")
    if not is_international:
        digits = digits.removeprefix("00")
    return _checked_length(digits, argument)


def _checked_length(digits: str, argument: str) -> str:
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


def written_number(text: str, argument: str) -> str:
    """A number as it was written, in ASCII digits, blanks, hyphens, dots, parentheses and one leading ``+``.

    Raises:
        InvalidInput: It has something else in it, or punctuation where no number has any; the text names the character
            and its position.
    """
    written = " ".join(_in_ascii(text, argument).split())
    if not _WRITTEN.fullmatch(written) or not _PARENTHESES.fullmatch(written):
        if not _DIGIT.search(written):
            raise InvalidInput(f"{argument} is not a number, it has no digits: {_GIVE}")
        raise InvalidInput(
            f"{argument} is not a number, its punctuation is out of place: put blanks, hyphens, dots and parentheses "
            "between digits, and at most one + in front"
        )
    if "." in written and _DECIMAL.fullmatch(written):
        raise InvalidInput(f"{argument} is a decimal number, as spreadsheets write them: give it without the fraction")
    return written


_DIGIT: Final = pattern("[0-9]")
_GIVE: Final = "give digits with the country code, such as +27 82 000 0000"


def _in_ascii(text: str, argument: str) -> str:
    """The text with digits, blanks, hyphens and full-width forms of other scripts in ASCII."""
    stripped = text.strip()
    if stripped[:4].lower() == "tel:" and not stripped[4:5].isspace():
        stripped = stripped[4:]  # RFC 3966
    if _PARTS_OF_NUMBERS.issuperset(stripped):
        return stripped
    found: list[str] = []
    for position, char in enumerate(stripped, text.rindex(stripped)):
        plain = _one_in_ascii(char)
        if not _PARTS_OF_NUMBERS.issuperset(plain):
            if char == ",":
                raise InvalidInput(f"{argument} holds several numbers in one text: give a list of them")
            raise InvalidInput(
                f"{argument} is not a number, it holds {named_character(char)} at position {position}: {_GIVE}"
            )
        found.append(plain)
    # The marks may have stood around the blanks.
    return "".join(found).strip()


def _one_in_ascii(char: str) -> str:
    if char in _INVISIBLE:
        return ""
    if char in _HYPHENS:
        return "-"
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    if unicodedata.category(char) == "Zs":
        return " "
    return chr(ord(char) - _FULL_WIDTH) if "\N{FULLWIDTH EXCLAMATION MARK}" <= char <= "\N{FULLWIDTH TILDE}" else char


def check_region(region: object) -> str:
    """Refuse a region that phonenumbers does not know.

    Raises:
        ConfigurationError: There is none of that code, or the extra is missing.
    """
    if not isinstance(region, str):
        raise ConfigurationError(
            f'region= is {type(region).__name__}: give a country code of two capitals, such as "ZA"'
        )
    try:
        import phonenumbers  # noqa: PLC0415 - an extra
    except ImportError:
        raise ConfigurationError('region= needs an extra: pip install "clicksoap[phone]"') from None
    if region not in phonenumbers.SUPPORTED_REGIONS:
        raise ConfigurationError('region= is unknown: give a country code of two capitals, such as "ZA"')
    return plain_str(region)


def _national(digits: str, argument: str, region: str) -> str:
    import phonenumbers  # noqa: PLC0415 - an extra, checked when the client was made

    # It gets digits alone: it would read letters as keys of a phone, and find a number in the middle of a sentence.
    parsed = _possible(digits, region)
    if parsed is None:
        raise InvalidInput(
            f"{argument} is not a number of region {region}: give one, or an international number with +"
        )
    found, code = _digits_of(parsed), str(phonenumbers.country_code_for_region(region))
    if digits.startswith("00") and not _is_dialled_abroad(digits, region):
        # In Hong Kong 00 7 912 345 67 89 is read as 007, a prefix for abroad, and a number of another country.
        international = _possible(f"+{digits[2:]}")
        if international is not None and _digits_of(international) != found:
            raise InvalidInput(f"{argument} starts with 00, which region {region} dials otherwise: write + instead")
    elif found != digits and digits.startswith(code) and found.startswith(code) and _possible(f"+{digits}") is not None:
        # Read as national it gets the country code once more; read as it stands it may be whole already.
        raise InvalidInput(
            f"{argument} may be a number of region {region} or one with its country code: "
            "write + before the latter, or 0 before the former"
        )
    return found


def _is_dialled_abroad(digits: str, region: str) -> bool:
    """Whether digits that begin with 00 begin with a region's prefix for abroad, which 00 itself is not."""
    import phonenumbers  # noqa: PLC0415 - as above

    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    prefix = (metadata and metadata.international_prefix) or "00"
    return re.match(prefix, digits) is not None and re.fullmatch(prefix, "00") is None


def _without_trunk_zero(digits: str, argument: str) -> str:
    """An international number without the zero that some write behind the country code; Italy's belongs to it."""
    parsed = _possible(f"+{digits}")
    if parsed is not None and digits == f"{parsed.country_code}0{_national_part(parsed)}":
        digits = _digits_of(parsed)
    return _checked_length(digits, argument)


def _possible(number: str, region: str | None = None) -> "PhoneNumber | None":
    """The number that phonenumbers reads; None if it is not a possible one."""
    import phonenumbers  # noqa: PLC0415 - as above

    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    # Possible only within one town is not possible behind a country code.
    reason = phonenumbers.is_possible_number_with_reason(parsed)
    return parsed if reason == phonenumbers.ValidationResult.IS_POSSIBLE else None


def _digits_of(parsed: "PhoneNumber") -> str:
    return f"{parsed.country_code}{_national_part(parsed)}"


def _national_part(parsed: "PhoneNumber") -> str:
    import phonenumbers  # noqa: PLC0415 - as above

    return phonenumbers.national_significant_number(parsed)


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
