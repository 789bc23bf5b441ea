"""Which statuses are reported: the classes of statuses that a message's ``callback`` asks for.

After the vendor's later list, with 002 and 011 beside 003 as the older one has it.
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
    """Whether a status is reported.

    Args:
        status: The status.
        callback: What the message asks for: the bits 1 (intermediate), 2 (final) and 4 (error).
        stops: Whether 006 and 014 are reported at all.
    """
    if status in _STOPS and not stops:
        return False
    return any(callback & bit and status in statuses for bit, statuses in _CLASSES)
