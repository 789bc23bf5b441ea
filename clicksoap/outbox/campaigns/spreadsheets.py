"""Finds cells that a spreadsheet damaged: errors, and powers of ten."""

import re
from typing import Final

from clicksoap.lazy_re import pattern

AS_TEXT: Final = "format the column as text, enter the numbers again, and export it again"
"""What to do about a number that a spreadsheet changed."""

POWER_OF_TEN: Final = r"[+-]?[0-9]+(?:[.,][0-9]*)?E[+-]?[0-9]+"
"""A number whose last digits are lost."""

ERROR: Final = r"#+|#(?:N/A|NAME\?|NULL!|NUM!|REF!|VALUE!|DIV/0!|SPILL!|CALC!)"
"""A cell whose formula failed, or whose column was too narrow when it was copied."""

# As a spreadsheet writes it, with its sign: "12E4" may be the number of a house.
_LOST_DIGITS: Final = pattern(r"-?[0-9](?:[.,][0-9]*)?E\+[0-9]{2,}")
_ERROR: Final = pattern(ERROR, re.IGNORECASE)


def is_suspect(text: str) -> bool:
    """Whether a text may hold a cell that a spreadsheet damaged; a quick look before `damage`."""
    return "#" in text or "E+" in text


def damage(cell: str) -> str | None:
    """Name what a spreadsheet did to a cell that is put into a text, and what to do; None if it did nothing."""
    written = cell.strip()
    if len(written) > 1 and _ERROR.fullmatch(written):
        return "is an error of a spreadsheet: mend the cell"
    if _LOST_DIGITS.fullmatch(written):
        return f"is a power of ten, so that its last digits are lost: {AS_TEXT}"
    return None
