"""Which statuses are reported: the classes of statuses that a message's ``callback`` asks for.

After the vendor's later list, with 002 and 011 beside 003 as the older one has it.
"""

from typing import Final

_INTERMEDIATE: Final = frozenset({"002", "003", "011"})
_ERRORS: Final = frozenset({"005", "007", "009", "010", "012"})
_FINAL: Final = frozenset({"004", *_ERRORS})
_STOPS: Final = frozenset({"006", "014"})
_CLASSES: Final = ((1, _INTERMEDIATE), (2, _FINAL | _STOPS), (4, _ERRORS | _STOPS))


def is_reported(status: str, callback: int, *, stops: bool) -> bool:
    """Whether a status is reported.

    Args:
        status: The status.
        callback: What the message asks for: the bits 1 (intermediate), 2 (final) and 4 (error).
        stops: Whether 006 and 014 are reported at all.
    """
    if status in _STOPS and not stops:
        return False
    return any(callback & bit and status in statuses for bit, statuses in _CLASSES)
