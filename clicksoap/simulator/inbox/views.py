"""What is shown as rows, and shown again whenever something happens."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from zlib import crc32

from clicksoap.simulator.exchanges import Exchange
from clicksoap.simulator.gateway.messages import Message, Stage
from clicksoap.simulator.inbox.listing import PER_PAGE, Listing, listing
from clicksoap.simulator.inbox.rendering import fragment
from clicksoap.simulator.simulation import Simulation

_MAX_ROWS: Final = 200
_DIGITS_OF_A_PAGE: Final = 9


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it stands in the page.

    Attributes:
        key: What it is told from the others by.
        content: Its HTML.
    """

    key: str
    content: str

    @property
    def version(self) -> str:
        """Changes with the content."""
        return f"{crc32(self.content.encode('utf-8', 'replace')):08x}"


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows that a view has at a moment.

    Attributes:
        rows: The rows in order; None if the view shows the count alone.
        count: How many there are, in words.
    """

    rows: tuple[Row, ...] | None
    count: str

    def following(self, page: int) -> "Rows":
        """What a page of that number is told later on: on an older one, rows that move would cost the place."""
        return self if page == 1 else Rows(None, self.count)


@dataclass(frozen=True, slots=True)
class View:
    """Something to look at.

    Attributes:
        kinds: The kinds of events after which it may look different.
        look: What it shows at this moment; ValueError if it cannot be understood what is wanted.
    """

    kinds: frozenset[str]
    look: Callable[[], Rows]


def view_of(simulation: Simulation, wanted: Mapping[str, str]) -> View:
    """The view that a query asks for, by ``of`` and by what else the page of that name takes.

    Raises:
        KeyError: There is no such view.
    """
    return _VIEWS[wanted.get("of", "")](simulation, wanted)


def page_number(wanted: Mapping[str, str]) -> int:
    """The page that a query asks for; the first if it asks for none."""
    given = wanted.get("page", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) <= _DIGITS_OF_A_PAGE else 1


def message_rows(found: Listing, query: str) -> Rows:
    """The rows of a page of messages."""
    count = f"{found.found} of {found.kept} found" if query.strip() else _count(found.kept, "message")
    return Rows(tuple(Row(each.id, fragment("message", each)) for each in found.messages), count)


def exchange_rows(kept: Sequence[Exchange], page: int) -> Rows:
    """The rows of a page of exchanges."""
    shown = kept[(page - 1) * PER_PAGE : page * PER_PAGE]
    return Rows(
        tuple(Row(str(each.number), fragment("exchange", each)) for each in shown), _count(len(kept), "exchange")
    )


def state_of(simulation: Simulation, message: Message) -> tuple[Row, ...]:
    """The rows of a message's own page."""
    planned: tuple[Stage, ...] = simulation.gateway.planned(message.id)
    reports = [each for each in simulation.callbacks.attempts() if each.message_id == message.id]
    replies = [
        each
        for each in simulation.handset.sent()
        if each.sender == message.to and (each.api_id, each.user) == message.account
    ]
    return (
        Row("state", fragment("state", message, planned)),
        Row("reports", fragment("reports", reports[:_MAX_ROWS])),
        Row("replies", fragment("replies", replies[:_MAX_ROWS])),
    )


def _messages(simulation: Simulation, wanted: Mapping[str, str]) -> View:
    query, number = wanted.get("q", ""), page_number(wanted)

    def look() -> Rows:
        return message_rows(listing(simulation.gateway, query, number), query).following(number)

    return View(frozenset({"accepted", "status", "deleted", "reset"}), look)


def _message(simulation: Simulation, wanted: Mapping[str, str]) -> View:
    message_id = wanted.get("id", "")

    def look() -> Rows:
        try:
            message = simulation.gateway.message(message_id)
        except KeyError:
            return Rows((Row("gone", fragment("gone")),), "")
        return Rows(state_of(simulation, message), "")

    return View(frozenset({"status", "deleted", "reset", "inbound", "callback"}), look)


def _traffic(simulation: Simulation, wanted: Mapping[str, str]) -> View:
    number = page_number(wanted)

    def look() -> Rows:
        return exchange_rows(simulation.exchanges.latest(), number).following(number)

    return View(frozenset({"exchange", "reset"}), look)


def _callbacks(simulation: Simulation, _: Mapping[str, str]) -> View:
    def look() -> Rows:
        kept = simulation.callbacks.attempts()
        rows = tuple(Row(str(each.number), fragment("attempt", each)) for each in kept[:_MAX_ROWS])
        return Rows(rows, _count(len(kept), "call"))

    return View(frozenset({"callback", "reset"}), look)


def _handset(simulation: Simulation, _: Mapping[str, str]) -> View:
    def look() -> Rows:
        kept = simulation.handset.sent()
        rows = tuple(Row(each.id, fragment("inbound", each)) for each in kept[:_MAX_ROWS])
        return Rows(rows, _count(len(kept), "message"))

    return View(frozenset({"inbound", "reset"}), look)


def _accounts(simulation: Simulation, _: Mapping[str, str]) -> View:
    def look() -> Rows:
        kept = simulation.gateway.accounts()
        open_sessions = [(each.api_id, each.user) for each, _, _ in simulation.gateway.sessions()]
        rows = tuple(
            Row(
                f"{account.api_id}/{account.user}",
                fragment("account", account, balance, trial, open_sessions.count((account.api_id, account.user))),
            )
            for account, balance, trial in kept[:_MAX_ROWS]
        )
        return Rows(rows, _count(len(kept), "account"))

    return View(frozenset({"accepted", "status", "exchange", "account", "reset"}), look)


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


_VIEWS: Final[Mapping[str, Callable[[Simulation, Mapping[str, str]], View]]] = {
    "messages": _messages,
    "message": _message,
    "traffic": _traffic,
    "callbacks": _callbacks,
    "handset": _handset,
    "accounts": _accounts,
}
