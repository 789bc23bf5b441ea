"""The protocol of stores: they keep events from the answer to the gateway until the handlers succeeded."""

from dataclasses import dataclass, field
from typing import Protocol

from clicksoap.callbacks.parsing import Event
from clicksoap.events import DeliveryReport


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event in a store.

    Attributes:
        number: The store's number of the event.
        event: The event.
        at: The time at which it was stored, in seconds since 1970.
    """

    number: int
    event: Event = field(repr=False)
    at: float


@dataclass(frozen=True, slots=True)
class Claim:
    """The waiting events of one group, claimed for one worker.

    Attributes:
        group: The group.
        waiting: The events that are not handled yet, the earliest first.
        handled: The handled reports of the group.
        failures: The number of failed tries so far.
        lease: The end of the claim, by the clock of the store. A worker that comes back later gives nothing back.
    """

    group: str = field(repr=False)
    waiting: tuple[StoredEvent, ...]
    handled: tuple[DeliveryReport, ...]
    failures: int
    lease: float = 0.0


class Store(Protocol):
    """Keeps events until they are handled; used from several threads, and from several processes if it is shared."""

    def add(self, event: Event, key: str, group: str, now: float) -> None:
        """Keep an event durably, and make its group due now. An event with a key that was kept before is ignored.

        Args:
            event: The event.
            key: The identity of the event: duplicates have the same one.
            group: Events of one group are claimed together: the reports of a message, the parts of a long one.
            now: The present time in seconds since 1970.
        """
        ...

    def claim(self, now: float) -> Claim | None:
        """Claim a group that is due by now, or None. No other worker gets it until the lease of the claim ends."""
        ...

    def finish(self, claim: Claim, numbers: list[int]) -> None:
        """Mark claimed events as handled."""
        ...

    def release(self, claim: Claim, until: float, *, failed: bool) -> None:
        """Give back what is not handled of a claim. It is due at ``until``, or when an event is added to its group."""
        ...

    def next_due(self) -> float | None:
        """The time at which the next group is due; None if every event is handled."""
        ...
