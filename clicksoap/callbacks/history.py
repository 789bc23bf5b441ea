"""History of handled events in memory: it finds duplicates and late reports."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from clicksoap.events import DeliveryReport

MAX_REMEMBERED: Final = 50_000
"""The maximum number of remembered reports, and of remembered inbound messages. The oldest ones are forgotten."""


class History:
    """Remembers the latest report of each message, and the ids of inbound messages. It has no lock of its own.

    It forgets everything with its process.
    """

    def __init__(self) -> None:
        self._reports: OrderedDict[str, DeliveryReport] = OrderedDict()
        self._inbound: OrderedDict[str, None] = OrderedDict()

    def is_news(self, report: DeliveryReport) -> bool:
        """True if a report supersedes everything that was handled about its message."""
        return report.supersedes(self._reports.get(report.message_id))

    def has_inbound(self, message_id: str) -> bool:
        """True if an inbound message, or a part, of that id was handled."""
        return message_id in self._inbound

    def add_report(self, report: DeliveryReport) -> None:
        """Remember a report whose handlers succeeded."""
        self._reports[report.message_id] = replace(report, raw=())  # small ones: there may be many
        self._reports.move_to_end(report.message_id)
        if len(self._reports) > MAX_REMEMBERED:
            self._reports.popitem(last=False)

    def add_inbound(self, message_ids: Iterable[str]) -> None:
        """Remember the ids of a message whose handlers succeeded."""
        for message_id in message_ids:
            self._inbound[message_id] = None
            self._inbound.move_to_end(message_id)
            if len(self._inbound) > MAX_REMEMBERED:
                self._inbound.popitem(last=False)
