"""The progress of a campaign: how far it is, how fast it is, and how long it takes."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

_WINDOW: Final = 30.0
_LONGEST_LEFT: Final = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a campaign at one moment; ``str(progress)`` is one line.

    Attributes:
        at: When it was looked at, in UTC.
        rows: How many rows it has.
        done: How many are settled.
        accepted: How many the gateway took.
        rejected: How many are rejected: the bad rows, what the gateway refused, and what no request can carry.
        bad: How many of those are bad rows: the plan found that they cannot be sent.
        doubtful: How many are in doubt, which means unconfirmed or unknown: they may have been sent.
        pending: How many have not left.
        sending: How many are out.
        rate: How many a second were settled over the last 30 seconds.
        left: How long the rest takes at this rate; None if nobody can say.
        asking: How many messages are asked about, because the answer of their request is lost.
        asking_until: When the last of their outcomes is known at the latest, in UTC; None if none is asked about.
        held_until: When the quiet hours end, in UTC; None if nothing is held.
        paused: Why nothing leaves; None while it runs.
        credits: The credits of the account at the last look; None if nobody looked.
    """

    at: datetime
    rows: int
    done: int
    accepted: int
    rejected: int
    bad: int
    doubtful: int
    pending: int
    sending: int
    rate: float
    left: timedelta | None
    asking: int
    asking_until: datetime | None
    held_until: datetime | None
    paused: str | None
    credits: float | None

    @property
    def is_done(self) -> bool:
        """Whether every row is settled."""
        return self.done >= self.rows

    def __str__(self) -> str:
        facts = [f"{grouped(self.done)} of {grouped(self.rows)}"]
        if not self.is_done:
            facts.append(f"{self.rate:.1f}/s" if 0 < self.rate < _SLOW else f"{grouped(round(self.rate))}/s")
            if self.left is not None:
                facts.append(f"{shown_duration(self.left)} left")
        if self.bad:
            facts.append("1 bad row" if self.bad == 1 else f"{grouped(self.bad)} bad rows")
        if self.rejected > self.bad:
            facts.append(f"{grouped(self.rejected - self.bad)} refused")
        if self.doubtful:
            facts.append(f"{grouped(self.doubtful)} in doubt")
        if self.asking:
            messages = "1 message" if self.asking == 1 else f"{grouped(self.asking)} messages"
            until = "" if self.asking_until is None else f" until {self._time(self.asking_until)}"
            facts.append(f"waiting for the outcome of {messages}{until}")
        if self.held_until is not None:
            facts.append(f"held until {self._time(self.held_until)}")
        if self.paused is not None:
            facts.append(f"paused: {_printable(self.paused)}")
        if self.credits is not None:
            facts.append(f"{grouped(int(self.credits))} credits")
        return ", ".join(facts)

    def _time(self, at: datetime) -> str:
        """A time of day in UTC, with its date unless it is today."""
        return f"{at:%H:%M} UTC" if at.date() == self.at.date() else f"{at:%Y-%m-%d %H:%M} UTC"


_SLOW: Final = 10


class ProgressWatch:
    """Measures rate and time left from counts at successive moments."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def measure(self, now: float, done: int, rows: int) -> tuple[float, timedelta | None]:
        """Take note of a count.

        Args:
            now: The time in seconds. If it runs back, measuring begins anew.
            done: How many rows are settled. If it falls, measuring begins anew.
            rows: How many rows there are.

        Returns:
            How many a second were settled over the last 30 seconds, never below 0; and how long the rest takes at
            this rate, None while it is 0.
        """
        if self._seen and (now < self._seen[-1][0] or done < self._seen[-1][1]):
            self._seen.clear()
        self._seen.append((now, done))
        # One moment before the window stays, so that looks that are further apart give a rate as well.
        while len(self._seen) > 2 and self._seen[1][0] <= now - _WINDOW:  # noqa: PLR2004 - the two ends
            self._seen.popleft()
        since, was = self._seen[0]
        rate = (done - was) / (now - since) if now > since else 0.0
        if done >= rows:
            return rate, timedelta()
        if rate <= 0 or (rows - done) / rate >= _LONGEST_LEFT.total_seconds():
            return rate, None if rate <= 0 else _LONGEST_LEFT
        return rate, timedelta(seconds=(rows - done) / rate)


def grouped(number: int) -> str:
    """A number with a space before each three digits."""
    return f"{number:,}".replace(",", " ")


def shown_duration(duration: timedelta) -> str:
    """A duration in its two largest units: ``4 min 40 s``."""
    rest = max(0, round(duration.total_seconds()))
    found: list[str] = []
    for seconds, unit in ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, rest = divmod(rest, seconds)
        if count or (found and seconds > 1) or (unit == "s" and not found):
            found.append(f"{count} {unit}")
    return " ".join([each for each in found[:2] if not each.startswith("0 ")] or found[:1])


def _printable(text: str) -> str:
    """A text of others without what steers a terminal."""
    return " ".join("".join([each if each.isprintable() else " " for each in text]).split())
