"""The life of a message: which status it has when, decided as it is accepted."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from clicksoap.codes import STATUSES
from clicksoap.simulator.front import rules
from clicksoap.simulator.gateway.model import Stage
from clicksoap.simulator.gateway.settings import Settings

ENDS_SO_PREFIX: Final = "998"
"""Numbers that begin so are accepted and end in the status of the three digits behind it. No country has it."""

FREE: Final = frozenset({"006", "009", "010", "012", "014"})
"""The statuses of messages that never reached a network, and cost nothing."""

WAITING: Final = frozenset({"001", "002", "008", "011"})
"""The statuses that are no end: a message that stays in one expires (010)."""

DEFAULT_VALIDITY: Final = 1440
"""The minutes that a message is tried for if it does not say."""

# Those that a handset or a network earns, rather than the gateway itself, come after 003.
_AFTER_HANDING_ON: Final = frozenset({"003", "004", "007"})


def life(
    values: Mapping[str, str], ending: str, now: datetime, price: Decimal, settings: Settings
) -> tuple[Stage, ...]:
    """The statuses that a message is to have, in order; the first is the one it is accepted with.

    011 until it is due, then 008, then 003 and 004, each after the settings' delays. It ends at the first step for
    which it is too dear (009) or too late (010).

    Args:
        values: The parameters of the request.
        ending: The status that it ends in if nothing comes between (see ``ending_of``).
        now: When it is accepted.
        price: What it costs.
        settings: The delays.
    """
    due = rules.due(values, now)
    stages = [Stage(now, "011")] if due > now else []
    stages.append(Stage(due, "008"))
    expiry = due + timedelta(minutes=rules.integer(values, "validity") or DEFAULT_VALIDITY)
    handed_on, received = due + settings.handed_on_after, due + settings.received_after
    most = Decimal(values.get("max_credits", "0"))
    if 0 < most < price:
        ending = "009"
    if ending in WAITING:
        if ending != "008":
            stages.append(Stage(handed_on, ending))
        return (*stages, Stage(max(expiry, handed_on), "010"))
    if ending not in _AFTER_HANDING_ON:
        return (*stages, Stage(handed_on, ending))
    if handed_on > expiry:
        return (*stages, Stage(expiry, "010"))
    stages.append(Stage(handed_on, "003"))
    return tuple(stages) if ending == "003" else (*stages, Stage(received, ending))


def ending_of(number: str) -> str:
    """The status that messages to a number end in: received, but for those of the prefix 998, which say it."""
    status = number[3:6] if number.startswith(ENDS_SO_PREFIX) else ""
    return status if status in STATUSES else "004"
