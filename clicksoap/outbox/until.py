"""When a worker ends by itself: as soon as everything is settled, or a campaign is."""

import time
from typing import Final, Protocol

from sqlalchemy import Connection, bindparam, exists, or_, select

from clicksoap.outbox.campaigns import steering
from clicksoap.outbox.campaigns.looking import Look
from clicksoap.outbox.campaigns.steering import CampaignState
from clicksoap.outbox.tables import CAMPAIGN, MESSAGE, PENDING, REQUEST, RUNNING, SENDING

_LOOK: Final = 0.2


class Until(Protocol):
    """The end of a worker's run."""

    def is_time(self, *, is_idle: bool) -> bool:
        """Whether to look now; a look is a transaction that reads.

        Args:
            is_idle: Whether no request of the worker is out, and no answer waits to be written down.
        """
        ...

    def is_over(self, connection: Connection) -> bool:
        """Whether the worker ends."""
        ...


class Settled:
    """The end as soon as every message of an account is settled; a campaign that does not run is left out.

    Args:
        account: The account.
    """

    def __init__(self, account: str) -> None:
        self._account = account

    def is_time(self, *, is_idle: bool) -> bool:
        """Whether to look now: as long as requests are out, something is not settled."""
        return is_idle

    def is_over(self, connection: Connection) -> bool:
        """Whether nothing waits and nothing is out."""
        return not connection.execute(_OPEN, {"account": self._account}).scalar_one()


class CampaignSettled:
    """The end as soon as a campaign is settled, does not run any more, or some time after its last message left.

    Args:
        campaign: The number of the campaign.
        account: The account that sends it.
        settle_within: For how many seconds to wait for the outcome of messages once the last one left.
        look: Tells how far the campaign is.
    """

    def __init__(self, campaign: int, account: str, settle_within: float, look: Look | None) -> None:
        self._campaign = campaign
        self._account = account
        self._settle_within = settle_within
        self._look = look
        self._all_left_at: float | None = None
        self._next = 0.0

    def is_time(self, *, is_idle: bool) -> bool:
        """Whether to look now: from time to time, however long a look takes."""
        return is_idle or time.monotonic() >= self._next

    def is_over(self, connection: Connection) -> bool:
        """Whether the campaign is settled, was stopped, or its time is up."""
        now = time.monotonic()
        self._next = now + _LOOK
        state = connection.execute(_STATE, {"campaign": self._campaign}).scalar()
        rest = steering.open_rows(connection, self._campaign, self._account)
        if rest.is_pending:
            self._all_left_at = None
            is_over = state != CampaignState.RUNNING and not rest.is_sending
        else:
            self._all_left_at = self._all_left_at or now
            is_over = not rest.is_sending or now - self._all_left_at >= self._settle_within
        if self._look is not None:
            self._look(connection, is_last=is_over)
        return is_over


_STATE: Final = select(CAMPAIGN.c.state).where(CAMPAIGN.c.id == bindparam("campaign"))
_OPEN: Final = select(
    or_(
        exists().where(
            MESSAGE.c.account == bindparam("account"),
            MESSAGE.c.state == PENDING,
            MESSAGE.c.campaign_id.in_(RUNNING),
        ),
        exists().where(REQUEST.c.account == bindparam("account"), REQUEST.c.state == SENDING),
    )
)
