"""Live views: the rows of a page, rendered again after events."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from zlib import crc32

from clicksoap.simulator.exchanges import Exchange
from clicksoap.simulator.gateway.messages import Message, Stage
from clicksoap.simulator.inbox.labels import answer_mishap
from clicksoap.simulator.inbox.listing import ExchangeListing, Listing, exchange_listing, listing, refused
from clicksoap.simulator.inbox.rendering import fragment
from clicksoap.simulator.simulation import Simulation

_MAX_ROWS: Final = 200
_DIGITS_OF_A_PAGE: Final = 9


@dataclass(frozen=True, slots=True)
class ListRow:
    """A row of a page.

    Attributes:
        key: The key of the row, unique in its list.
        content: The HTML of the row.
    """

    key: str
    content: str

    @property
    def version(self) -> str:
        """A checksum of the content."""
        return f"{crc32(self.content.encode('utf-8', 'replace')):08x}"


@dataclass(frozen=True, slots=True)
class RowList:
    """The present rows of a view.

    Attributes:
        rows: The rows in order; None to update only the count.
        count: The number of entries as a text, such as ``3 messages``.
        refused: The number of exchanges with a refusal; None on pages that do not show it.
    """

    rows: tuple[ListRow, ...] | None
    count: str
    refused: int | None = None

    def updates_for(self, page: int) -> "RowList":
        """The updates for a page: rows and count on the first page, the count alone on others (rows would move)."""
        return self if page == 1 else RowList(None, self.count, self.refused)


@dataclass(frozen=True, slots=True)
class LiveView:
    """A list of rows that follows events.

    Attributes:
        kinds: The kinds of events that may change it.
        render: Gives the present rows; raises ValueError if the query is invalid.
    """

    kinds: frozenset[str]
    render: Callable[[], RowList]


def live_view(simulation: Simulation, query_params: Mapping[str, str]) -> LiveView:
    """The view for a URL query: ``of`` is the name of the page, and the other parameters are those of the page.

    Raises:
        KeyError: Unknown view.
    """
    return _VIEWS[query_params.get("of", "")](simulation, query_params)


def page_number(query_params: Mapping[str, str]) -> int:
    """The page number in a URL query; 1 by default."""
    given = query_params.get("page", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) <= _DIGITS_OF_A_PAGE else 1


def message_row_list(simulation: Simulation, found: Listing, query: str) -> RowList:
    """The rows of one page of messages. Messages of one request stand together, the first of them with their number."""
    count = f"{found.found} of {found.total} found" if query.strip() else _count(found.total, "message")
    rows: list[ListRow] = []
    previous = 0
    for each in found.messages:
        size = found.group_sizes.get(each.exchange, 0)
        is_joined = size > 1 and each.exchange == previous
        previous = each.exchange
        mishap = answer_mishap(simulation.exchanges.get(each.exchange)) if each.exchange else ""
        rows.append(ListRow(each.id, fragment("message", each, size, is_joined, mishap)))
    return RowList(tuple(rows), count, len(refused(simulation.exchanges)))


def exchange_row_list(simulation: Simulation, found: ExchangeListing, query: str) -> RowList:
    """The rows of one page of exchanges."""
    count = f"{found.found} of {found.total} found" if query.strip() else _count(found.total, "exchange")
    rows = tuple(ListRow(str(each.number), fragment("exchange", each)) for each in found.exchanges)
    return RowList(rows, count, len(refused(simulation.exchanges)))


def message_state_rows(simulation: Simulation, message: Message) -> tuple[ListRow, ...]:
    """The rows of the page of one message: its state, reports and replies."""
    planned: tuple[Stage, ...] = simulation.gateway.planned(message.id)
    reports = [each for each in simulation.callbacks.attempts() if each.message_id == message.id]
    replies = [
        each
        for each in simulation.handset.sent()
        if each.sender == message.to and (each.api_id, each.user) == message.account
    ]
    return (
        ListRow("state", fragment("state", message, planned)),
        ListRow("reports", fragment("reports", reports[:_MAX_ROWS])),
        ListRow("replies", fragment("replies", replies[:_MAX_ROWS])),
    )


def _messages(simulation: Simulation, query_params: Mapping[str, str]) -> LiveView:
    query, number = query_params.get("q", ""), page_number(query_params)

    def render() -> RowList:
        found = listing(simulation.gateway, query, number)
        return message_row_list(simulation, found, query).updates_for(number)

    return LiveView(frozenset({"accepted", "status", "deleted", "exchange", "reset"}), render)


def _message(simulation: Simulation, query_params: Mapping[str, str]) -> LiveView:
    message_id = query_params.get("id", "")

    def render() -> RowList:
        try:
            message = simulation.gateway.message(message_id)
        except KeyError:
            return RowList((ListRow("gone", fragment("gone")),), "")
        return RowList(message_state_rows(simulation, message), "")

    return LiveView(frozenset({"status", "deleted", "reset", "inbound", "callback"}), render)


def _traffic(simulation: Simulation, query_params: Mapping[str, str]) -> LiveView:
    return _exchanges(simulation, query_params, simulation.exchanges.latest)


def _refused(simulation: Simulation, query_params: Mapping[str, str]) -> LiveView:
    return _exchanges(simulation, query_params, lambda: refused(simulation.exchanges))


def _exchanges(
    simulation: Simulation, query_params: Mapping[str, str], entries: Callable[[], Sequence[Exchange]]
) -> LiveView:
    query, number = query_params.get("q", ""), page_number(query_params)

    def render() -> RowList:
        found = exchange_listing(entries(), query, number)
        return exchange_row_list(simulation, found, query).updates_for(number)

    return LiveView(frozenset({"exchange", "reset"}), render)


def _callbacks(simulation: Simulation, _: Mapping[str, str]) -> LiveView:
    def render() -> RowList:
        entries = simulation.callbacks.attempts()
        rows = tuple(ListRow(str(each.number), fragment("attempt", each)) for each in entries[:_MAX_ROWS])
        return RowList(rows, _count(len(entries), "call"))

    return LiveView(frozenset({"callback", "reset"}), render)


def _handset(simulation: Simulation, _: Mapping[str, str]) -> LiveView:
    def render() -> RowList:
        entries = simulation.handset.sent()
        rows = tuple(ListRow(each.id, fragment("inbound", each)) for each in entries[:_MAX_ROWS])
        return RowList(rows, _count(len(entries), "message"))

    return LiveView(frozenset({"inbound", "reset"}), render)


def _accounts(simulation: Simulation, _: Mapping[str, str]) -> LiveView:
    def render() -> RowList:
        entries = simulation.gateway.accounts()
        open_sessions = [(each.api_id, each.user) for each, _, _ in simulation.gateway.sessions()]
        rows = tuple(
            ListRow(
                f"{account.api_id}/{account.user}",
                fragment("account", account, balance, trial, open_sessions.count((account.api_id, account.user))),
            )
            for account, balance, trial in entries[:_MAX_ROWS]
        )
        return RowList(rows, _count(len(entries), "account"))

    return LiveView(frozenset({"accepted", "status", "exchange", "account", "reset"}), render)


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


_VIEWS: Final[Mapping[str, Callable[[Simulation, Mapping[str, str]], LiveView]]] = {
    "messages": _messages,
    "message": _message,
    "traffic": _traffic,
    "refused": _refused,
    "callbacks": _callbacks,
    "handset": _handset,
    "accounts": _accounts,
}
