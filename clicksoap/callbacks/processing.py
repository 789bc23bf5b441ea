"""Processing of events: the order of joining, de-duplication and handlers, as jobs without I/O."""

from collections.abc import Iterable
from typing import Protocol

from clicksoap.callbacks.parsing import Event
from clicksoap.callbacks.steps import Job


class Processing(Protocol):
    """The way of an event from its request to the handlers."""

    def accept(self, event: Event) -> Job:
        """The job that takes an event over. Only if it succeeds, the gateway may forget the event."""
        ...

    def due(self, now: float) -> Iterable[Job]:
        """The jobs that are due by now and belong to no request."""
        ...

    def next_due(self) -> float | None:
        """The time at which a job is due next; None if there is no job."""
        ...
