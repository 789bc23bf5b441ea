"""Status classes of the option ``callback``: intermediate (1), final (2) and error (4).

They follow the vendor's later list. 002 and 011 stand beside 003, as in the older list.
"""

from typing import Final

_INTERMEDIATE: Final = frozenset({"002", "003", "011"})
_ERRORS: Final = frozenset({"005", "007", "009", "010", "012"})
_FINAL: Final = frozenset({"004", *_ERRORS})
_STOPS: Final = frozenset({"006", "014"})
_CLASSES: Final = ((1, _INTERMEDIATE), (2, _FINAL | _STOPS), (4, _ERRORS | _STOPS))


def is_reported(status: str, callback: int, *, stops: bool) -> bool:
    """True if a message with this ``callback`` reports this status.

    Args:
        status: The three-digit status.
        callback: The option of the message: the bits 1 (intermediate), 2 (final) and 4 (error).
        stops: Report 006 and 014 as well, if the bits 2 or 4 are set.
    """
    if status in _STOPS and not stops:
        return False
    return any(callback & bit and status in statuses for bit, statuses in _CLASSES)
