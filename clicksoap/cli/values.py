"""Types of the values that verbs take: durations, times, tolerances, texts and lists of numbers."""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import click

_DURATION: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(s|m|h|d)?", re.ASCII)
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_MAX_SECONDS: Final = 30 * 86400
_TOLERANCE: Final = re.compile(r"rejected=([0-9]+(?:\.[0-9]+)?)(%)?", re.ASCII)
_PERCENT: Final = 100


def duration(text: str) -> timedelta:
    """A duration such as ``90s``, ``10m``, ``2h`` or ``1d``; a number alone is seconds.

    Raises:
        click.BadParameter: The text is none.
    """
    found = _DURATION.fullmatch(text)
    seconds = float(found[1]) * _SECONDS[found[2] or "s"] if found else -1.0
    if not 0 <= seconds <= _MAX_SECONDS:
        raise click.BadParameter(f"{text!r} is not a duration: give a number and s, m, h or d, such as 90s or 2h")
    return timedelta(seconds=seconds)


def moment(text: str) -> datetime:
    """A time in ISO 8601, such as ``2026-05-01T08:00``; local time unless it says otherwise.

    Raises:
        click.BadParameter: The text is none.
    """
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError, OSError):
        problem = f"{text!r} is not a time: give one such as 2026-05-01T08:00 or 2026-05-01T08:00+02:00"
    raise click.BadParameter(problem)


@dataclass(frozen=True, slots=True)
class Tolerance:
    """The number of rejected recipients that the exit code passes over.

    Attributes:
        amount: Recipients, or hundredths of all recipients.
        is_percent: Whether the amount is in hundredths.
    """

    amount: float = 0
    is_percent: bool = False

    def of(self, recipients: int) -> int:
        """How many of so many recipients may be rejected."""
        return int(recipients * self.amount / _PERCENT) if self.is_percent else int(self.amount)


def tolerance(text: str) -> Tolerance:
    """A tolerance such as ``rejected=1%`` or ``rejected=3``.

    Raises:
        click.BadParameter: The text is none.
    """
    found = _TOLERANCE.fullmatch(text)
    is_percent = found is not None and found[2] is not None
    if found is None or (is_percent and float(found[1]) > _PERCENT) or (not is_percent and "." in found[1]):
        raise click.BadParameter(f"{text!r} is not a tolerance: give rejected=N or rejected=N%, such as rejected=1%")
    return Tolerance(float(found[1]), is_percent=is_percent)


def read_recipients(words: Sequence[str], file: Path | None) -> tuple[list[str], dict[int, str], str]:
    """The recipients of ``TO… TEXT``, those of ``--to-file`` by their lines, and the text.

    Raises:
        click.UsageError: There is no recipient or no text, or a file cannot be read.
    """
    if not words:
        raise click.UsageError("TEXT is missing: give the numbers and then the text, in quotes")
    *numbers, text = words
    if file is None and not numbers:
        raise click.UsageError("TO or TEXT is missing: give the numbers and then the text, in quotes")
    return numbers, {} if file is None else _numbers_of(file), read_text(text)


def read_text(text: str) -> str:
    """The text of an argument; ``-`` reads the standard input, without the line break at its end.

    Raises:
        click.UsageError: The standard input is closed or is not text.
    """
    if text != "-":
        return text
    if sys.stdin is None:
        raise click.UsageError("TEXT is -, and the standard input is closed: give the text, or a file behind <")
    try:
        given = sys.stdin.read()
    except UnicodeDecodeError:
        raise click.UsageError("TEXT is -, and the standard input is not text in UTF-8: convert it") from None
    except OSError as error:
        raise click.UsageError(f"TEXT is -, and the standard input cannot be read: {error.strerror}") from None
    return given.removesuffix("\n").removesuffix("\r")


def _numbers_of(file: Path) -> dict[int, str]:
    try:
        lines = sys.stdin.read().splitlines() if str(file) == "-" else file.read_text("utf-8-sig").splitlines()
    except OSError as error:
        raise click.UsageError(f"--to-file: {file} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, AttributeError):
        raise click.UsageError(f"--to-file: {file} is not text in UTF-8: give a file with one number a line") from None
    numbers = {
        place: line.strip() for place, line in enumerate(lines, 1) if line.strip() and not line.lstrip().startswith("#")
    }
    if not numbers:
        raise click.UsageError(f"--to-file: {file} holds no number: give a file with one number a line")
    return numbers
