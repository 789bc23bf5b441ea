"""What a search finds, a page at a time."""

from dataclasses import dataclass
from typing import Final

from clicksoap.simulator.gateway.gateway import Gateway
from clicksoap.simulator.gateway.messages import Message
from clicksoap.simulator.search import matching

PER_PAGE: Final = 50
"""The rows of a page."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of what was found.

    Attributes:
        messages: The messages of the page, the latest first.
        found: How many were found in all.
        kept: How many there are.
        page: The number of the page, from 1.
    """

    messages: list[Message]
    found: int
    kept: int
    page: int

    @property
    def pages(self) -> int:
        """How many pages there are; at least 1."""
        return max(1, -(-self.found // PER_PAGE))


def listing(gateway: Gateway, query: str, page: int) -> Listing:
    """A page of the messages that a query finds; one beyond the last is the last.

    Raises:
        ValueError: The query cannot be understood.
    """
    everything = gateway.latest()
    found = everything
    if query.strip():
        is_found = matching(query)
        found = [message for message in everything if is_found(message)]
    number = max(1, min(page, -(-len(found) // PER_PAGE)))
    messages = found[(number - 1) * PER_PAGE : number * PER_PAGE]
    return Listing(messages, len(found), len(everything), number)
