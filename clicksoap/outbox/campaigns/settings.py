"""The record of a plan: what is kept of it in the row of its campaign, as JSON."""

import functools
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from clicksoap.errors import OutboxMismatch
from clicksoap.outbox.campaigns.quiet import QuietHours

FORMAT: Final = 1
"""The number of the form of the JSON."""


@dataclass(frozen=True, slots=True)
class ShownProblem:
    """A bad row of the source, without its value: that stands in the row.

    Attributes:
        line: Its line in the source.
        column: The column, if one is at fault.
        kind: The kind of the fault.
        reason: What is wrong, and what to do.
    """

    line: int
    column: str | None
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Place:
    """A row of the source that stands out.

    Attributes:
        line: Its line in the source.
        parts: How many parts its text has.
        characters: How many characters its text has.
        because: The characters that need Unicode, by name; empty if none do.
    """

    line: int
    parts: int
    characters: int
    because: str


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """The record of a plan.

    Attributes:
        source: The name of the file, or ``rows``.
        path: The absolute path of the file, if it is one.
        encoding: The encoding of the file.
        columns: The columns of the source, in order.
        account: The account that sends it.
        rows: How many rows the source has.
        messages: How many of them are sent.
        parts: How many parts they have.
        unicode: How many of them are sent in UCS-2.
        requests: How many requests they take.
        bad: How many rows cannot be sent, by kind.
        duplicates: How many rows name a number that stood in an earlier one.
        suppressed: How many rows name a number of the suppression list.
        not_allowed: How many rows name a number that is not on the allow-list.
        sent_before: How many rows have a key that stands in an earlier campaign and may have been sent there.
        sent_as: The name of that campaign.
        problems: The first bad rows.
        longest: The row with the longest text.
        first_unicode: The first row that needs Unicode.
        quiet: The quiet hours, such as ``21:00-08:00``.
        zone: The time zone of the quiet hours, if it is one for all.
        zones: The time zones, if each row has its own.
        strict: Whether nothing is sent if a row is bad.
        rate: The pace at planning, in parts a second; None for no limit.
        counts_parts: Whether the pace counts parts; else messages.
        credits_per_part: What a part costs, as the caller says.
        is_template_constant: Whether all rows have the same text.
    """

    source: str
    path: str | None
    encoding: str | None
    columns: tuple[str, ...]
    account: str
    rows: int = 0
    messages: int = 0
    parts: int = 0
    unicode: int = 0
    requests: int = 0
    bad: Mapping[str, int] = field(default_factory=dict[str, int])
    duplicates: int = 0
    suppressed: int = 0
    not_allowed: int = 0
    sent_before: int = 0
    sent_as: str | None = None
    problems: tuple[ShownProblem, ...] = ()
    longest: Place | None = None
    first_unicode: Place | None = None
    quiet: str | None = None
    zone: str | None = None
    zones: tuple[str, ...] = ()
    strict: bool = False
    rate: float | None = None
    counts_parts: bool = True
    credits_per_part: str = "1"
    is_template_constant: bool = False

    def to_json(self) -> str:
        """The record as JSON."""
        return json.dumps({"v": FORMAT, **asdict(self)}, ensure_ascii=False)

    def is_open(self, zone: str | None, now: float) -> bool:
        """Whether messages may leave: in a zone of a row, or in the zone of all."""
        hours = _hours(self.quiet)
        return hours is None or not hours.is_quiet(now, zone or self.zone or "UTC")

    def opens_at(self, now: float) -> float | None:
        """When the quiet hours end, in seconds since 1970: in the zone where that is soonest; None if none are."""
        hours = _hours(self.quiet)
        if hours is None:
            return None
        times = [hours.opens_at(now, each) for each in self.zones or (self.zone or "UTC",)]
        return None if None in times else min(each for each in times if each is not None)


@functools.lru_cache(maxsize=256)
def read(text: str) -> PlanRecord:
    """The record of a plan from its JSON.

    Raises:
        OutboxMismatch: It is of a form that this version does not know.
    """
    data: dict[str, Any] = json.loads(text)
    if data.pop("v") != FORMAT:
        raise OutboxMismatch("a campaign was planned by a later clicksoap: install that one, or a later one")
    data["columns"], data["zones"] = tuple(data["columns"]), tuple(data["zones"])
    data["problems"] = tuple([ShownProblem(**each) for each in data["problems"]])
    data["longest"], data["first_unicode"] = _place(data["longest"]), _place(data["first_unicode"])
    return PlanRecord(**data)


def _place(data: dict[str, Any] | None) -> Place | None:
    return None if data is None else Place(**data)


@functools.cache
def _hours(text: str | None) -> QuietHours | None:
    return None if text is None else QuietHours.parse(text)
