"""Status classes of the option ``callback``: intermediate (1), final (2) and error (4).

They follow the vendor's later list. 002 and 011 stand beside 003, as in the older list.
"""

from typing import Final

from clicksoap.codes import STATUS_DEFINITIONS, Phase

_ALL: Final = STATUS_DEFINITIONS.values()
_INTERMEDIATE: Final = frozenset(each.code for each in _ALL if each.phase in {Phase.QUEUED, Phase.HANDED_ON})
_FINAL: Final = frozenset(each.code for each in _ALL if each.is_final)
_ERRORS: Final = frozenset(each.code for each in _ALL if each.is_final and not each.is_delivered)
_STOPS: Final = frozenset(each.code for each in _ALL if each.is_final and not each.is_in_callback_table)
_CLASSES: Final = ((1, _INTERMEDIATE), (2, _FINAL), (4, _ERRORS))


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
