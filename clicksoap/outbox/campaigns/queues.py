"""The queues of the running campaigns: those whose messages may leave now."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select

from clicksoap.outbox.campaigns import settings
from clicksoap.outbox.tables import CAMPAIGN, STREAM

_MAX_CAMPAIGNS: Final = 100
_RUNNING: Final = (
    select(CAMPAIGN.c.id, CAMPAIGN.c.key, CAMPAIGN.c.plan)
    .where(CAMPAIGN.c.state == "running", CAMPAIGN.c.id != STREAM)
    .order_by(CAMPAIGN.c.id)
    .limit(_MAX_CAMPAIGNS)
)


@dataclass(frozen=True, slots=True)
class Queue:
    """Messages of a campaign that may leave now.

    Attributes:
        campaign: The number of the campaign.
        key: Its name.
        zone: The time zone of the rows that are meant; None for all rows.
    """

    campaign: int
    key: str
    zone: str | None


def open_queues(connection: Connection, now: float) -> list[Queue]:
    """The queues of running campaigns in which it is not a quiet hour, in the order of the campaigns."""
    queues: list[Queue] = []
    for number, key, plan in connection.execute(_RUNNING):
        record = settings.read(plan)
        queues += [Queue(int(number), key, zone) for zone in record.zones or (None,) if record.is_open(zone, now)]
    return queues
