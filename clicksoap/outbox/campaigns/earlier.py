"""Finds rows of a plan whose key stands in an earlier campaign, so that nobody is billed twice by mistake."""

from dataclasses import replace
from typing import Final

from sqlalchemy import Connection, func, select

from clicksoap.outbox.campaigns import steering
from clicksoap.outbox.campaigns.settings import PlanRecord
from clicksoap.outbox.states import MessageState
from clicksoap.outbox.tables import CAMPAIGN, MESSAGE

_MAX_CAMPAIGNS: Final = 20
_GOING_OUT: Final = [
    each.value
    for each in (
        MessageState.PENDING,
        MessageState.SENDING,
        MessageState.ACCEPTED,
        MessageState.UNCONFIRMED,
        MessageState.UNKNOWN,
    )
]


def noted_before(connection: Connection, campaign: int, record: PlanRecord) -> PlanRecord:
    """The record with the rows whose key the latest such campaign sent, or may send; 20 campaigns are looked at."""
    started = (
        steering.ALL.where(CAMPAIGN.c.id != campaign, CAMPAIGN.c.started_at.is_not(None))
        .order_by(CAMPAIGN.c.id.desc())
        .limit(_MAX_CAMPAIGNS)
    )
    planned, sent = MESSAGE.alias(), MESSAGE.alias()
    for earlier in connection.execute(started).all():
        count = connection.execute(
            select(func.count())
            .select_from(planned)
            .join(
                sent,
                (sent.c.campaign_id == earlier.id) & (sent.c.row_key == planned.c.row_key) & (sent.c.member == 0),
            )
            .where(planned.c.campaign_id == campaign, planned.c.state == "pending", sent.c.state.in_(_GOING_OUT))
        ).scalar_one()
        if count:
            return replace(record, sent_before=int(count), sent_as=str(earlier.key))
    return record
