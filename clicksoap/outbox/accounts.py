"""The accounts of an outbox: pauses, and the floor below which the balance must not fall."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select, update

from clicksoap.errors import InvalidInput
from clicksoap.outbox.journal import Happening, OutboxEvent, record
from clicksoap.outbox.tables import ACCOUNT, MESSAGE, DatabaseRow

FOR_EVER: Final = 4e9
"""A pause until somebody ends it: a time in the year 2096."""

DEFAULT_ACCOUNT: Final = "default"
"""The account of those who have one alone."""

_MINUTE: Final = 60.0
_LONGEST_LIMIT: Final = 7 * 86_400.0
_FROZEN: Final = "004"


@dataclass(frozen=True, slots=True)
class Pause:
    """Why nothing is sent for an account, and until when.

    Attributes:
        until: When it is tried again, in seconds since 1970.
        why: Why, in words.
    """

    until: float
    why: str


def pause_for(code: str | None, why: str, until: datetime | None, now: float) -> Pause:
    """The pause that a refusal of the account asks for.

    A limit (130) names its end; an end that is past or more than a week ahead means a minute. A frozen account (004) is
    tried again after five minutes, one without credit after one.
    """
    seconds = 5 * _MINUTE if code == _FROZEN else _MINUTE
    if until is not None and now < until.timestamp() <= now + _LONGEST_LIMIT:
        return Pause(until.timestamp(), why)
    return Pause(now + seconds, why)


def pause(connection: Connection, account: DatabaseRow, wanted: Pause, now: float, who: str) -> OutboxEvent | None:
    """Pause an account; a pause that lasts is only made longer, and one event tells of all of it.

    A pause without an end is a person's or the floor's. It keeps its reason, whatever the gateway says meanwhile, and a
    person's is always told.
    """
    was = account.paused_until
    is_new = was is None
    if was is not None and was > wanted.until:
        return None
    connection.execute(
        update(ACCOUNT)
        .where(ACCOUNT.c.name == account.name)
        .values(
            paused_until=wanted.until if is_new else max(was, wanted.until),
            paused_why=wanted.why,
            paused_since=now if is_new else account.paused_since,
        )
    )
    if not is_new and wanted.until < FOR_EVER:
        return None
    return record(connection, Happening.ACCOUNT_PAUSED, f"account {account.name}: {wanted.why}", now, who)


def check_known(connection: Connection, name: str) -> None:
    """Refuse a name that no message, worker or setting has: nothing is sent for it, so that a pause would do nothing.

    Raises:
        InvalidInput: There is no such account; the text names those that there are.
    """
    seen = select(ACCOUNT.c.name).where(ACCOUNT.c.name == name)
    named = select(MESSAGE.c.account).where(MESSAGE.c.account == name).limit(1)
    if name == DEFAULT_ACCOUNT or connection.execute(seen).first() or connection.execute(named).first():
        return
    known = connection.execute(select(ACCOUNT.c.name).union(select(MESSAGE.c.account))).scalars()
    names = ", ".join(repr(each) for each in sorted({DEFAULT_ACCOUNT, *known}))
    raise InvalidInput(f"account is {name!r}, and the outbox has {names}: give one of these")


def resume(connection: Connection, name: str, why: str, now: float, who: str) -> OutboxEvent:
    """End the pause of an account."""
    connection.execute(
        update(ACCOUNT).where(ACCOUNT.c.name == name).values(paused_until=None, paused_why=None, paused_since=None)
    )
    return record(connection, Happening.ACCOUNT_RESUMED, f"account {name}: {why}", now, who)


def hurry(connection: Connection, name: str, now: float) -> None:
    """Let what stopped the account be sent now: a person ended the pause for which it waits."""
    connection.execute(
        update(MESSAGE)
        .where(MESSAGE.c.account == name, MESSAGE.c.state == "pending", MESSAGE.c.pauses > 0, MESSAGE.c.due_at > now)
        .values(due_at=now)
    )
