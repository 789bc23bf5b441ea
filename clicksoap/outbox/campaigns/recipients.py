"""Recipients' cells: the MSISDN in each, or what damaged it."""

import re
from typing import Final

from clicksoap.errors import InvalidInput
from clicksoap.lazy_re import pattern
from clicksoap.msisdn import msisdn
from clicksoap.outbox.campaigns import spreadsheets
from clicksoap.outbox.campaigns.national import plain_reader
from clicksoap.outbox.campaigns.problems import BadRow, Kind, Problem

# International beyond doubt, and the same with and without a region: no trunk zero can stand behind a country code of
# up to three digits if none of the digits there is 0.
_with_plus: Final = re.compile(r"\+[1-9][1-9]{3}[0-9]{3,11}").fullmatch
# So long that the country code is there. Shorter ones without a plus may be national numbers that lost their zero.
_LONGEST_NATIONAL: Final = 10
_plain: Final = re.compile(rf"[1-9][0-9]{{{_LONGEST_NATIONAL},14}}").fullmatch

_DAMAGE: Final = tuple(
    (pattern(shape, re.IGNORECASE), reason)
    for shape, reason in (
        (spreadsheets.POWER_OF_TEN, f"is a power of ten, so that its last digits are lost: {spreadsheets.AS_TEXT}"),
        (r"[+-]?[0-9]{5,}[.,]0+", f"is a decimal number, as spreadsheets write them: {spreadsheets.AS_TEXT}"),
        (
            r"[+-]?[0-9]{1,3}(?:[,.'\N{RIGHT SINGLE QUOTATION MARK}][0-9]{3}){2,}",
            f"has marks of thousands: {spreadsheets.AS_TEXT}",
        ),
        (
            r"(?:[0-9]{4}([-/.])[0-9]{1,2}\1[0-9]{1,2}|[0-9]{1,2}([-/.])[0-9]{1,2}\2[0-9]{2,4})(?:[ T]+[0-9]+:.*)?",
            f"looks like a date, which spreadsheets make of numbers: {spreadsheets.AS_TEXT}",
        ),
        (spreadsheets.ERROR, "is an error of a spreadsheet: mend the cell"),
        (r"=.*", "is a formula: export the values"),
        (
            r"['\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}`].*",
            "begins with an apostrophe: remove it",
        ),
    )
)
_BETWEEN: Final = pattern(r"\s*(?:[,;/|\n\r&]|\b(?:and|or)\b)\s*", re.IGNORECASE)
_BLANKS: Final = pattern(r"\s+")
_LONG_GROUP: Final = pattern(r"\+?[0-9]{9,15}")
_NOT_DIGITS: Final = pattern(r"[^0-9]")


def recipient(cell: str, column: str, region: str | None) -> str:
    """The MSISDN in a cell, as `clicksoap.msisdn.msisdn` reads it.

    A number of at most ten digits, or one that a region completed, has to be valid in its country, unless it begins
    with ``+``. A national number whose zero a spreadsheet removed would go to another country; half a number, or one of
    another country, would be completed to one that nobody has.

    Args:
        cell: The cell.
        column: The name of its column.
        region: ISO 3166 code of the country whose national form is understood; None for none.

    Raises:
        BadRow: It is not one number. The reason names what a spreadsheet did to it, and never its digits.
    """
    return _read_fast(cell, region) or _read(cell, column, region)


def _read_fast(cell: str, region: str | None) -> str | None:
    """The MSISDN of a cell that holds plain digits; None for all others."""
    if region is None and _plain(cell):
        return cell
    if _with_plus(cell):
        return cell[1:]
    return plain_reader(region)(cell) if region is not None and cell.isdecimal() and cell.isascii() else None


def _read(cell: str, column: str, region: str | None) -> str:
    written = cell.strip()
    if not written:
        reason = f"{column} is empty: give the number, or leave the row out"
        raise BadRow(Problem(Kind.NO_NUMBER, column, cell, reason))
    for shape, reason in _DAMAGE:
        if shape.fullmatch(written):
            raise BadRow(Problem(Kind.SPREADSHEET, column, cell, f"{column} {reason}"))
    if _are_several(written):
        reason = f"{column} holds several numbers: give each one a row of its own"
        raise BadRow(Problem(Kind.SEVERAL_NUMBERS, column, cell, reason))
    try:
        number = msisdn(written, column, region)
    except InvalidInput as error:
        reason = str(error).replace("give the client region=", "give region=")
        raise BadRow(Problem(Kind.BAD_NUMBER, column, cell, reason)) from None
    if not _is_certain(written, number):
        reason = f"{column} is not in use in region {region}: write the number with + and its country code"
        if region is None:
            reason = (
                f"{column} seems to have lost its country code or its first 0: write the number with + and the country "
                'code, or give region="ZA"'
            )
        raise BadRow(Problem(Kind.BAD_NUMBER, column, cell, reason))
    return number


def _are_several(written: str) -> bool:
    """Whether a cell has several numbers, or several endings of one ("082 123 4567/8")."""
    groups = _BETWEEN.split(written)
    if len(groups) > 1:
        with_digits = [group for group in groups if _NOT_DIGITS.sub("", group)]
        # A comma in front of the last digits may be a decimal one.
        return len(with_digits) > 1 and any(len(_NOT_DIGITS.sub("", group)) >= 7 for group in groups)  # noqa: PLR2004
    groups = _BLANKS.split(written)
    return len(groups) > 1 and all(map(_LONG_GROUP.fullmatch, groups))


def _is_certain(written: str, number: str) -> bool:
    """Whether a number has its country code for certain: it was written so, or it is valid."""
    if written.lstrip("( ").startswith(("+", "00", "\N{FULLWIDTH PLUS SIGN}")) or written[:4].lower() == "tel:":
        return True
    if len(number) > _LONGEST_NATIONAL and number == _NOT_DIGITS.sub("", written):
        return True
    import phonenumbers  # noqa: PLC0415 - part of the outbox's extra, and slow to load

    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(f"+{number}"))
    except phonenumbers.NumberParseException:
        return False
