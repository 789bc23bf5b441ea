"""The planned stages of a message: the statuses it will have and when, decided as it is accepted."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from clicksoap.codes import STATUS_DEFINITIONS, STATUSES
from clicksoap.simulator.front import rules
from clicksoap.simulator.gateway.messages import Stage
from clicksoap.simulator.gateway.settings import Settings

STATUS_PREFIX: Final = "998"
"""Numbers with this prefix are accepted and end in the status of the three digits behind it. No country has it."""

FREE_STATUSES: Final = frozenset(code for code, each in STATUS_DEFINITIONS.items() if each.is_free)
"""The statuses of messages that never reached a network, and cost nothing."""

WAITING_STATUSES: Final = frozenset(
    code for code, each in STATUS_DEFINITIONS.items() if not each.is_final and not each.is_from_network
)
"""The statuses before a message is handed to a network: a message that stays in one expires (010)."""

DEFAULT_VALIDITY: Final = 1440
"""The validity, in minutes, of a message that names none."""

_NETWORK_STATUSES: Final = frozenset(code for code, each in STATUS_DEFINITIONS.items() if each.is_from_network)


def planned_stages(
    values: Mapping[str, str], final_status: str, now: datetime, price: Decimal, settings: Settings
) -> tuple[Stage, ...]:
    """The stages that a message will have, in order; the first is the one it is accepted with.

    A message has 011 until it is due, then 008, then 003 and 004, each after the delays of the settings. It ends early
    if it costs more than its ``max_credits`` (009) or is too late (010).

    Args:
        values: The parameters of the command.
        final_status: The status that it ends in otherwise (see ``final_status_of``).
        now: The time of acceptance.
        price: The credits that one part costs.
        settings: The settings with the delays.
    """
    due = rules.due(values, now)
    stages = [Stage(now, "011")] if due > now else []
    stages.append(Stage(due, "008"))
    expiry = due + timedelta(minutes=rules.integer(values, "validity") or DEFAULT_VALIDITY)
    handed_on, received = due + settings.handed_on_after, due + settings.received_after
    max_credits = Decimal(values.get("max_credits", "0"))
    if 0 < max_credits < price:
        final_status = "009"
    if final_status in WAITING_STATUSES:
        if final_status != "008":
            stages.append(Stage(handed_on, final_status))
        return (*stages, Stage(max(expiry, handed_on), "010"))
    if final_status not in _NETWORK_STATUSES:
        return (*stages, Stage(handed_on, final_status))
    if handed_on > expiry:
        return (*stages, Stage(expiry, "010"))
    stages.append(Stage(handed_on, "003"))
    return tuple(stages) if final_status == "003" else (*stages, Stage(received, final_status))


def final_status_of(number: str) -> str:
    """The status that messages to a number end in: the one named by a number of prefix 998, else 004."""
    status = number[3:6] if number.startswith(STATUS_PREFIX) else ""
    return status if status in STATUSES else "004"
