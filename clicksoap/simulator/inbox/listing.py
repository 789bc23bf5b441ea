"""Search results, divided into pages."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from clicksoap.simulator.exchanges import Exchange, Exchanges
from clicksoap.simulator.gateway.gateway import Gateway
from clicksoap.simulator.gateway.messages import Message
from clicksoap.simulator.inbox.exchange_search import exchanges_matching
from clicksoap.simulator.search import matching

PER_PAGE: Final = 50
"""The number of messages on a page."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of search results.

    Attributes:
        messages: The messages of the page, the latest first.
        found: The number of found messages on all pages.
        total: The number of messages that the gateway keeps.
        page: The number of the page, from 1.
        group_sizes: The number of found messages of each request that brought several, by the exchange's number.
    """

    messages: list[Message]
    found: int
    total: int
    page: int
    group_sizes: Mapping[int, int]

    @property
    def pages(self) -> int:
        """The number of pages; at least 1."""
        return pages_of(self.found)


@dataclass(frozen=True, slots=True)
class ExchangeListing:
    """One page of exchanges.

    Attributes:
        exchanges: The exchanges of the page, the latest first.
        found: The number of found exchanges on all pages.
        total: The number of exchanges that the search looked through.
        page: The number of the page, from 1.
    """

    exchanges: list[Exchange]
    found: int
    total: int
    page: int

    @property
    def pages(self) -> int:
        """The number of pages; at least 1."""
        return pages_of(self.found)


def pages_of(entries: int) -> int:
    """The number of pages that so many entries take; at least 1."""
    return max(1, -(-entries // PER_PAGE))


def listing(gateway: Gateway, query: str, page: int) -> Listing:
    """Find messages by a query, and return one page of them. A page beyond the last one gives the last one.

    Raises:
        ValueError: The query is invalid.
    """
    all_messages = gateway.latest()
    found = all_messages
    if query.strip():
        is_found = matching(query)
        found = [message for message in all_messages if is_found(message)]
    number = max(1, min(page, pages_of(len(found))))
    messages = found[(number - 1) * PER_PAGE : number * PER_PAGE]
    shown = {each.exchange for each in messages} - {0}
    sizes = Counter(each.exchange for each in found if each.exchange in shown)
    groups = {exchange: size for exchange, size in sizes.items() if size > 1}
    return Listing(messages, len(found), len(all_messages), number, groups)


def exchange_listing(entries: Sequence[Exchange], query: str, page: int) -> ExchangeListing:
    """Find exchanges by a query, and return one page of them. A page beyond the last one gives the last one.

    Raises:
        ValueError: The query is invalid.
    """
    found = list(entries)
    if query.strip():
        is_found = exchanges_matching(query)
        found = [each for each in entries if is_found(each)]
    number = max(1, min(page, pages_of(len(found))))
    shown = found[(number - 1) * PER_PAGE : number * PER_PAGE]
    return ExchangeListing(shown, len(found), len(entries), number)


def refused(exchanges: Exchanges) -> list[Exchange]:
    """The exchanges with a refusal, the latest first: refused as a whole or in part, unreadable, or failed."""
    return [each for each in exchanges.latest() if each.refusals]
