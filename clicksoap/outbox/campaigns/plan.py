"""Plans: the rows of a campaign in numbers, their cost, and the bad ones."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import Connection, select

from clicksoap.outbox.campaigns.settings import Place, PlanRecord
from clicksoap.outbox.tables import CONTENT, MESSAGE
from clicksoap.redaction import masked_number


@dataclass(frozen=True, slots=True)
class PlannedProblem:
    """A bad row of the source: it is not sent.

    Attributes:
        line: Its line in the source; the header is line 1.
        column: The column that is at fault; None if it is the whole row.
        value: The cell, if there is one.
        kind: The kind of the fault.
        reason: What is wrong, and what to do.
    """

    line: int
    column: str | None
    value: str | None = field(repr=False)
    kind: str
    reason: str

    def __str__(self) -> str:
        column = "" if self.column is None else f", column {self.column}"
        value = "" if not self.value else f", {self.value!r}"
        return f"line {self.line}{column}{value}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Preview:
    """A message as it will be sent.

    Attributes:
        line: The line of its row in the source.
        to: Its MSISDN.
        text: Its text.
        parts: How many parts it has.
        is_unicode: Whether it is sent in UCS-2.
    """

    line: int
    to: str
    text: str = field(repr=False)
    parts: int
    is_unicode: bool

    def __repr__(self) -> str:
        return f"<Preview of line {self.line} to {masked_number(self.to)}>"


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of a campaign; ``print(plan)`` shows it.

    Attributes:
        name: The name of the campaign.
        source: The name of the file, or ``rows``.
        columns: The columns of the source.
        rows: How many rows the source has.
        messages: How many messages are sent.
        parts: How many parts they have.
        unicode: How many of them are sent in UCS-2, because of their characters.
        requests: How many requests they take.
        credits: The estimated cost: the parts, times what a part costs.
        rate: The pace in parts a second; None for no limit.
        duration: How long the pace takes; None without one.
        bad: How many rows cannot be sent, by kind of fault.
        problems: The first 20 bad rows.
        duplicates: How many rows name a number that stands in an earlier row.
        suppressed: How many rows name a number of the suppression list.
        not_allowed: How many rows name a number that is not on the allow-list.
        sent_before: How many rows have a key that an earlier campaign sent, or may have sent; they are sent again.
        sent_as: The name of that campaign; None if there is none.
        longest: The row with the longest text; None if nothing is sent.
        first_unicode: The first row that is sent in UCS-2, and because of which characters.
        quiet: The quiet hours, such as ``21:00-08:00``; None for none.
        zones: The time zones in which the quiet hours are.
        strict: Whether nothing is sent if a row is bad.
        previews: The first messages, as they will be sent.
    """

    name: str
    source: str
    columns: tuple[str, ...]
    rows: int
    messages: int
    parts: int
    unicode: int
    requests: int
    credits: Decimal
    rate: float | None
    duration: timedelta | None
    bad: Mapping[str, int]
    problems: tuple[PlannedProblem, ...] = field(repr=False)
    duplicates: int
    suppressed: int
    not_allowed: int
    sent_before: int
    sent_as: str | None
    longest: Place | None
    first_unicode: Place | None
    quiet: str | None
    zones: tuple[str, ...]
    strict: bool
    previews: tuple[Preview, ...] = field(repr=False)

    def preview(self, count: int = 5) -> tuple[Preview, ...]:
        """The first messages as they will be sent, at most 20."""
        return self.previews[:count]

    def __str__(self) -> str:
        lines = [f"Plan {self.name} from {self.source}: {_counted(self.rows, 'row')}."]
        seconds = None if self.duration is None else round(self.duration.total_seconds())
        pace = "" if seconds is None else f", {_duration(seconds)} at {self.rate:g} a second"
        lines.append(
            f"{_counted(self.messages, 'message')} in {_counted(self.parts, 'part')}, about {self.credits:,f} credits; "
            f"{_counted(self.requests, 'request')}{pace}."
        )
        if self.first_unicode is not None:
            first = self.first_unicode
            lines.append(
                f"{_counted(self.unicode, 'message')} in Unicode, which makes them longer: "
                f"the first is in line {first.line}, because of {first.because or 'unicode=True'}."
            )
        if self.longest is not None:
            lines.append(
                f"The longest text has {_counted(self.longest.parts, 'part')} and "
                f"{_counted(self.longest.characters, 'character')}: line {self.longest.line}."
            )
        if self.quiet is not None:
            lines.append(f"Nothing leaves from {self.quiet.replace('-', ' to ')} ({', '.join(self.zones)}).")
        for count, what in (
            (self.duplicates, "the number stands in an earlier row, and duplicates is 'skip'"),
            (self.suppressed, "the number is suppressed"),
            (self.not_allowed, "the number is not on the allow-list"),
        ):
            if count:
                lines.append(f"{_counted(count, 'row')} not sent: {what}.")
        if self.sent_before:
            lines.append(
                f"Warning: {_counted(self.sent_before, 'row')} of campaign {self.sent_as!r} had the same key and went "
                "out there. They are sent again."
            )
        if self.bad:
            kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(self.bad.items()))
            verdict = "so nothing is sent (strict)" if self.strict else "not sent"
            lines.append(f"{_counted(sum(self.bad.values()), 'bad row')}, {verdict}: {kinds}.")
            lines += [f"  {each}" for each in self.problems]
            hidden = sum(self.bad.values()) - len(self.problems)
            if hidden:
                lines.append(f"  and {hidden:,} more; the export of the rejected rows has all of them")
        return "\n".join(lines)


_MAX_PREVIEWS = 20


def plan_of(connection: Connection, campaign: int, name: str, record: PlanRecord) -> Plan:
    """The plan of a campaign, from what is kept of it."""
    rate = record.rate
    counted = record.parts if record.counts_parts else record.messages
    zones = record.zones or ((record.zone or "UTC",) if record.quiet else ())
    return Plan(
        name,
        record.source,
        record.columns,
        record.rows,
        record.messages,
        record.parts,
        record.unicode,
        record.requests,
        Decimal(record.credits_per_part) * record.parts,
        rate,
        None if not rate else timedelta(seconds=counted / rate),
        dict(record.bad),
        _problems(connection, campaign, record),
        record.duplicates,
        record.suppressed,
        record.not_allowed,
        record.sent_before,
        record.sent_as,
        record.longest,
        record.first_unicode,
        record.quiet,
        zones,
        record.strict,
        _previews(connection, campaign),
    )


def _problems(connection: Connection, campaign: int, record: PlanRecord) -> tuple[PlannedProblem, ...]:
    keys = [bad_key(each.line) for each in record.problems]
    chosen = select(MESSAGE.c.line, MESSAGE.c.source).where(
        MESSAGE.c.campaign_id == campaign, MESSAGE.c.row_key.in_(keys), MESSAGE.c.member > 0
    )
    sources = {int(row.line): row.source for row in connection.execute(chosen)} if keys else {}

    def value(line: int, column: str | None) -> str | None:
        source = sources.get(line)
        if source is None or column not in record.columns:
            return None
        cells = json.loads(source)
        position = record.columns.index(column)
        return cells[position][:60] if position < len(cells) else None

    return tuple(
        PlannedProblem(each.line, each.column, value(each.line, each.column), each.kind, each.reason)
        for each in record.problems
    )


def bad_key(line: int) -> str:
    """The key of the row of a line that is bad: its own key may be missing, or an earlier row may have it."""
    return f"line {line}"


def _previews(connection: Connection, campaign: int) -> tuple[Preview, ...]:
    chosen = (
        select(
            MESSAGE.c.line,
            MESSAGE.c.msisdn,
            MESSAGE.c.text,
            MESSAGE.c.parts,
            MESSAGE.c.is_unicode,
            CONTENT.c.text.label("shared"),
        )
        .outerjoin(CONTENT, CONTENT.c.id == MESSAGE.c.content_id)
        .where(MESSAGE.c.campaign_id == campaign, MESSAGE.c.state == "pending")
        .order_by(MESSAGE.c.id)
        .limit(_MAX_PREVIEWS)
    )
    return tuple(
        Preview(int(row.line), row.msisdn, row.shared if row.text is None else row.text, row.parts, row.is_unicode)
        for row in connection.execute(chosen)
    )


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _duration(seconds: int) -> str:
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {left} s" if minutes else f"{left} s"
