"""The settings that each row of a campaign may bring along in columns of its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from clicksoap.errors import InvalidInput
from clicksoap.options import SendOptions
from clicksoap.outbox.campaigns.problems import BadRow, Kind, Problem
from clicksoap.outbox.campaigns.quiet import check_zone


@dataclass(frozen=True, slots=True)
class RowSettings:
    """The settings that a row brings along.

    Attributes:
        options: Its options of the message.
        due_at: From when on it may be sent, in seconds since 1970; None for the campaign's own time.
        expires_at: When it is not sent any more; None for the campaign's own time.
        zone: Its time zone.
        tag: Its label.
    """

    options: SendOptions
    due_at: float | None = None
    expires_at: float | None = None
    zone: str | None = None
    tag: str | None = None


def _number(cell: str) -> int:
    return int(cell)


def _minutes(cell: str) -> timedelta:
    return timedelta(minutes=int(cell))


def _text(cell: str) -> str:
    return cell


_OPTIONS: Final[dict[str, tuple[Callable[[str], object], str]]] = {
    "sender": (_text, "a sender"),
    "validity": (_minutes, "whole minutes"),
    "max_credits": (Decimal, "a number of credits"),
    "max_parts": (_number, "a whole number"),
    "queue": (_number, "1, 2 or 3"),
}
_TIMES: Final = ("deliver_at", "due_at", "expires_at")
NAMES: Final = frozenset({*_OPTIONS, *_TIMES, "zone", "tag"})
"""The names that ``per_row`` may have."""


def check_per_row(per_row: Mapping[str, str], columns: Sequence[str]) -> dict[str, int]:
    """The position of the column of each setting.

    Raises:
        InvalidInput: A name is unknown, or a column is missing.
    """
    if not isinstance(per_row, Mapping):
        raise InvalidInput(f"per_row is {type(per_row).__name__}: give a mapping of a setting to its column")
    found: dict[str, int] = {}
    for name, column in per_row.items():
        if name not in NAMES:
            raise InvalidInput(f"per_row names {name!r}, which no row has: give any of {', '.join(sorted(NAMES))}")
        if column not in columns:
            raise InvalidInput(
                f"per_row names the column {column!r} for {name}, and the source has {', '.join(columns)}: give one"
            )
        found[name] = columns.index(column)
    return found


def row_settings(cells: Mapping[str, str], columns: Mapping[str, str], zone: str | None) -> RowSettings:
    """Read the settings of a row; an empty cell leaves its setting as it is for all.

    Args:
        cells: The cell of each setting.
        columns: The column of each setting, to be named in an error.
        zone: The time zone of times without an offset, unless the row has one.

    Raises:
        BadRow: A cell cannot be read.
    """

    def bad(name: str, reason: str) -> BadRow:
        return BadRow(Problem(Kind.OPTION, columns[name], cells[name].strip(), reason))

    filled = {name: cell.strip() for name, cell in cells.items() if cell.strip()}
    if "zone" in filled:
        try:
            zone = check_zone(filled["zone"])
        except InvalidInput as error:
            raise bad("zone", str(error)) from None
    options: dict[str, Any] = {}
    for name, (read, what) in _OPTIONS.items():
        if name in filled:
            try:
                options[name] = read(filled[name])
            except (ValueError, InvalidOperation, OverflowError):
                raise bad(name, f"{name} cannot be read: give {what}") from None
    times: dict[str, datetime] = {}
    for name in _TIMES:
        if name in filled:
            times[name] = _time(filled[name], zone, name, columns[name])
    if "deliver_at" in times:
        options["deliver_at"] = times["deliver_at"]
    return RowSettings(
        cast("SendOptions", options),
        times["due_at"].timestamp() if "due_at" in times else None,
        times["expires_at"].timestamp() if "expires_at" in times else None,
        zone if "zone" in filled else None,
        filled.get("tag"),
    )


def _time(cell: str, zone: str | None, name: str, column: str) -> datetime:
    reason = f"{name} is not a time: write it as 2026-11-30T09:00+02:00"
    try:
        moment = datetime.fromisoformat(cell)
    except ValueError:
        raise BadRow(Problem(Kind.OPTION, column, cell, reason)) from None
    if moment.tzinfo is None:
        if zone is None:
            reason = f"{name} has no time zone: write an offset behind it, such as +02:00, or give zone="
            raise BadRow(Problem(Kind.OPTION, column, cell, reason))
        moment = moment.replace(tzinfo=ZoneInfo(zone))
    return moment
