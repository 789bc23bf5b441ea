"""Looks at a running campaign from time to time, and tells how far it is."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from sqlalchemy import Connection, bindparam, func, select

from clicksoap.outbox.accounts import FOR_EVER
from clicksoap.outbox.campaigns import settings
from clicksoap.outbox.campaigns.progress import Progress, ProgressWatch
from clicksoap.outbox.databases import Database
from clicksoap.outbox.journal import moment
from clicksoap.outbox.limits import Limits
from clicksoap.outbox.records import count_by_state
from clicksoap.outbox.states import MessageState, doubtful, still_open
from clicksoap.outbox.tables import ACCOUNT, CAMPAIGN, MESSAGE, REQUEST, SENDING

_LOOK: Final = 1.0
_COST_AT_MOST: Final = 0.05


class Look:
    """Tells how far a campaign is, about once a second, or less often where counting takes long.

    Args:
        campaign: The number of the campaign.
        account: The account that sends it.
        tell: Told how far it is; what it raises is dropped.
        limits_of: Gives the time limits for a gateway at an address.
        database: The database, whose clock is asked.
    """

    def __init__(
        self,
        campaign: int,
        account: str,
        tell: Callable[[Progress], None],
        limits_of: Callable[[str], Limits],
        database: Database,
    ) -> None:
        self._campaign = campaign
        self._account = account
        self._tell = tell
        self._limits_of = limits_of
        self._database = database
        self._watch = ProgressWatch()
        self._next = 0.0

    def __call__(self, connection: Connection, *, is_last: bool) -> None:
        """Look, if it is time.

        Args:
            connection: A transaction that reads.
            is_last: Whether the campaign ends.
        """
        began = time.monotonic()
        if began < self._next and not is_last:
            return
        progress = self._progress(connection, self._database.now(connection))
        self._next = time.monotonic() + max(_LOOK, (time.monotonic() - began) / _COST_AT_MOST)
        with suppress(Exception):  # an observer must not change what becomes of a message
            self._tell(progress)

    def _progress(self, connection: Connection, now: float) -> Progress:
        counts = count_by_state(connection, MESSAGE.c.campaign_id == self._campaign)
        campaign = connection.execute(_CAMPAIGN, {"campaign": self._campaign}).one()
        account = connection.execute(_ACCOUNT, {"account": self._account}).first()
        asking = connection.execute(_ASKING, {"campaign": self._campaign, "now": now}).all()
        ends = [float(each.last) + self._limits_of(each.endpoint).believe_after for each in asking]
        rows = sum(counts.values())
        open_ = still_open(counts)
        rate, left = self._watch.measure(now, rows - open_, rows)
        paused = campaign.paused_why if campaign.state == "paused" else None
        if paused is None and account is not None and account.paused_until is not None:
            until = "" if account.paused_until >= FOR_EVER else f" until {moment(account.paused_until):%H:%M} UTC"
            paused = f"{account.paused_why}{until}"
        plan = settings.read(campaign.plan)
        held = plan.opens_at(now) if open_ else None
        return Progress(
            at=moment(now),
            rows=rows,
            done=rows - open_,
            accepted=counts.get(MessageState.ACCEPTED, 0),
            rejected=counts.get(MessageState.REJECTED, 0),
            bad=sum(plan.bad.values()),
            doubtful=doubtful(counts),
            pending=counts.get(MessageState.PENDING, 0),
            sending=counts.get(MessageState.SENDING, 0),
            rate=rate,
            left=left,
            asking=sum(int(each.messages) for each in asking),
            asking_until=moment(max(ends)) if ends else None,
            held_until=None if held is None else moment(held),
            paused=paused,
            credits=None if account is None or account.balance is None else float(account.balance),
        )


_CAMPAIGN: Final = select(CAMPAIGN.c.state, CAMPAIGN.c.paused_why, CAMPAIGN.c.plan).where(
    CAMPAIGN.c.id == bindparam("campaign")
)
_ACCOUNT: Final = select(ACCOUNT).where(ACCOUNT.c.name == bindparam("account"))
# The messages of requests whose answer is lost: their lease is over, or they were asked about.
_ASKING: Final = (
    select(REQUEST.c.endpoint, func.count().label("messages"), func.max(REQUEST.c.dead_at).label("last"))
    .select_from(MESSAGE)
    .join(REQUEST, REQUEST.c.id == MESSAGE.c.request_id)
    .where(
        REQUEST.c.state == SENDING,
        MESSAGE.c.campaign_id == bindparam("campaign"),
        (REQUEST.c.dead_at <= bindparam("now")) | (REQUEST.c.asked > 0) | (REQUEST.c.ask_at <= bindparam("now")),
    )
    .group_by(REQUEST.c.endpoint)
)
