"""The events of an outbox: exceptions and people's decisions, which nobody can change afterwards."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import Connection

from clicksoap.outbox.tables import EVENT


class Happening(StrEnum):
    """The kind of an event.

    - ACCOUNT_PAUSED, ACCOUNT_RESUMED: nothing is sent for an account, or again.
    - ENDPOINT_PAUSED, ENDPOINT_RESUMED: nobody answers at the gateway's address, or again.
    - CLIENT_REFUSED: the gateway refuses the credentials of a worker, or its client can send nothing.
    - DATABASE_LOST, DATABASE_BACK: a worker does not reach the database, or again.
    - UNPROVABLE: the gateway does not say which requests it never got, so that none is repeated.
    - DOUBLED: a message arrived twice: an answer to an earlier request came after it was sent again.
    - SET_ASIDE: a message that stopped the account twice is rejected.
    - RESOLVED: a person decided about a message.
    - RESTORED: a person said that the database is an older copy.
    - SUPPRESSED, UNSUPPRESSED: a number was put on the suppression list, or taken off.
    - FORGOTTEN: the personal data of a number were removed.
    - CAMPAIGN_STARTED, CAMPAIGN_PAUSED, CAMPAIGN_RESUMED, CAMPAIGN_CANCELLED: what happened to a campaign.
    """

    ACCOUNT_PAUSED = "account paused"
    ACCOUNT_RESUMED = "account resumed"
    ENDPOINT_PAUSED = "endpoint paused"
    ENDPOINT_RESUMED = "endpoint resumed"
    CLIENT_REFUSED = "client refused"
    DATABASE_LOST = "database lost"
    DATABASE_BACK = "database back"
    UNPROVABLE = "unprovable"
    DOUBLED = "doubled"
    SET_ASIDE = "set aside"
    RESOLVED = "resolved"
    RESTORED = "restored"
    SUPPRESSED = "suppressed"
    UNSUPPRESSED = "unsuppressed"
    FORGOTTEN = "forgotten"
    CAMPAIGN_STARTED = "campaign started"
    CAMPAIGN_PAUSED = "campaign paused"
    CAMPAIGN_RESUMED = "campaign resumed"
    CAMPAIGN_CANCELLED = "campaign cancelled"


@dataclass(frozen=True, slots=True)
class OutboxEvent:
    """An event of the outbox, without numbers and texts.

    Attributes:
        what: What happened.
        detail: Why, in words.
        at: When, in UTC.
        who: The worker, or the person who decided.
        message: The number of the message in the outbox, if it is about one.
        request: The client message id of the request, if it is about one.
    """

    what: Happening
    detail: str
    at: datetime
    who: str
    message: int | None = None
    request: str | None = None


def record(
    connection: Connection,
    what: Happening,
    detail: str,
    now: float,
    who: str,
    *,
    message: int | None = None,
    request: str | None = None,
    campaign: int | None = None,
) -> OutboxEvent:
    """Write an event down, in the transaction of what it tells, and return it."""
    connection.execute(
        EVENT.insert().values(
            at=now,
            who=who,
            what=what.value,
            detail=detail,
            message_id=message,
            request_id=request,
            campaign_id=campaign,
        )
    )
    return OutboxEvent(what, detail, moment(now), who, message, request)


def moment(seconds: float) -> datetime:
    """The time of so many seconds since 1970, in UTC."""
    return datetime.fromtimestamp(seconds, UTC)
