"""Asks the gateway what became of requests whose answer is lost."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from sqlalchemy import Connection, bindparam, select, update

from clicksoap.client import Client
from clicksoap.errors import ClicksoapError, GatewayError, TransportError
from clicksoap.outbox.tables import REQUEST, SENDING
from clicksoap.results import State


@dataclass(frozen=True, slots=True)
class Question:
    """A request that is to be asked about; the question is leased, so that no other worker asks as well.

    Attributes:
        request_id: Its client message id (gateway: ``climsgid``).
        asked_at: When the question was taken, in seconds since 1970 by the database's clock.
    """

    request_id: str
    asked_at: float


class Finding(Enum):
    """The answer of the gateway about a request.

    - FOUND: it has it.
    - DENIED: it knows no such id (104). It may still arrive.
    - NOTHING: it does not say (status 001).
    - UNASKED: it could not be asked.
    """

    FOUND = auto()
    DENIED = auto()
    NOTHING = auto()
    UNASKED = auto()


@dataclass(frozen=True, slots=True)
class Found:
    """The gateway's answer to a question.

    Attributes:
        question: The question.
        finding: What it says.
        message_id: The gateway's id of the message, where it has the request.
        error: Why it could not be asked.
    """

    question: Question
    finding: Finding
    client: Client
    message_id: str | None = None
    error: ClicksoapError | None = None

    @property
    def is_unreachable(self) -> bool:
        """Whether nobody answered at the gateway's address."""
        return isinstance(self.error, TransportError)


_DUE: Final = (
    select(REQUEST.c.id)
    .where(
        REQUEST.c.account == bindparam("account"),
        REQUEST.c.state == SENDING,
        REQUEST.c.ask_at <= bindparam("now"),
    )
    .order_by(REQUEST.c.ask_at)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_LEASE: Final = (
    update(REQUEST)
    .where(REQUEST.c.id == bindparam("request"))
    .values(ask_at=bindparam("until"), asked=REQUEST.c.asked + 1)
)


def take(connection: Connection, account: str, now: float, lease: float, limit: int) -> list[Question]:
    """Lease the questions that are due."""
    ids = [str(each) for each in connection.execute(_DUE, {"account": account, "now": now, "limit": limit}).scalars()]
    if ids:
        connection.execute(_LEASE, [{"request": each, "until": now + lease} for each in ids])
    return [Question(each, now) for each in ids]


def ask(client: Client, question: Question) -> Found:
    """Ask once; never raises for what the gateway says."""
    try:
        found = client.find(question.request_id)
    except ClicksoapError as error:
        return Found(question, Finding.UNASKED, client, error=error)
    except Exception as error:  # noqa: BLE001 - a foreign error must not cost the answers of others
        return Found(question, Finding.UNASKED, client, error=ClicksoapError(f"a {type(error).__name__} was raised"))
    if found.state is State.ACCEPTED:
        return Found(question, Finding.FOUND, client, found.message_id)
    return Found(question, Finding.DENIED if found.is_denied else Finding.NOTHING, client)


def is_refused(found: Found) -> GatewayError | None:
    """The gateway's refusal of a question, if it refused it."""
    return found.error if isinstance(found.error, GatewayError) else None
