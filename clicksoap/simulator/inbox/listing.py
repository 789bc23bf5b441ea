"""Search results, divided into pages."""

from dataclasses import dataclass
from typing import Final

from clicksoap.simulator.gateway.gateway import Gateway
from clicksoap.simulator.gateway.messages import Message
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
    """

    messages: list[Message]
    found: int
    total: int
    page: int

    @property
    def pages(self) -> int:
        """The number of pages; at least 1."""
        return max(1, -(-self.found // PER_PAGE))


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
    number = max(1, min(page, -(-len(found) // PER_PAGE)))
    messages = found[(number - 1) * PER_PAGE : number * PER_PAGE]
    return Listing(messages, len(found), len(all_messages), number)
