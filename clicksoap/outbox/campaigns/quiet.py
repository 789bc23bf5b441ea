"""Quiet hours: times of the day at which no message goes out, in the recipient's time zone."""

import difflib
import functools
import math
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Final, Self
from zoneinfo import ZoneInfo, available_timezones

from clicksoap.errors import InvalidInput
from clicksoap.lazy_re import pattern

_SPAN: Final = pattern("([0-9]{1,2}):([0-9]{2}) *(?:-|\N{EN DASH}|\N{EM DASH}) *([0-9]{1,2}):([0-9]{2})")
_DAY: Final = 86_400
_HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Hours of each day at which no message goes out, by the clock on the wall of a time zone.

    Attributes:
        begins: The first moment of quiet.
        ends: The first moment after it. It is on the next day if it is before ``begins``.

    Raises:
        InvalidInput: Both are the same, or one has a time zone or a part of a second.
    """

    begins: time
    ends: time

    def __post_init__(self) -> None:
        for argument, given in (("begins", self.begins), ("ends", self.ends)):
            if type(given) is not time or given.tzinfo is not None or given.microsecond:
                raise InvalidInput(f"{argument} is not a plain time of whole seconds: give one, such as time(21, 0)")
        if self.begins == self.ends:
            raise InvalidInput("quiet hours begin and end at the same time: give two times, or leave them out")

    @classmethod
    def parse(cls, text: str, argument: str = "quiet") -> Self:
        """The quiet hours of a text such as ``21:00-08:00``.

        Raises:
            InvalidInput: It has another form, or a time that no clock shows.
        """
        found = _SPAN.fullmatch(text.strip()) if isinstance(text, str) else None
        if found is None:
            raise InvalidInput(f'{argument} is not a span of hours: give one, such as "21:00-08:00"')
        hour, minute, last_hour, last_minute = map(int, found.groups())
        try:
            begins, ends = time(hour, minute), time(last_hour, last_minute)
        except ValueError:
            raise InvalidInput(f"{argument} has a time that no clock shows: give 00:00 to 23:59") from None
        if begins == ends:
            raise InvalidInput(f"{argument} begins and ends at the same time: give two times, or leave it out")
        return cls(begins, ends)

    def __str__(self) -> str:
        return f"{self.begins:%H:%M}-{self.ends:%H:%M}"

    def is_quiet(self, at: float, zone: str) -> bool:
        """Whether it is quiet.

        Args:
            at: The moment in seconds since 1970.
            zone: The time zone, as `check_zone` returns it.
        """
        return self._holds(datetime.fromtimestamp(math.floor(at), ZoneInfo(zone)).time())

    def opens_at(self, at: float, zone: str) -> float | None:
        """When the present quiet ends, in seconds since 1970; None if it is not quiet.

        Args:
            at: The moment in seconds since 1970.
            zone: The time zone, as `check_zone` returns it.
        """
        return self._changes_at(at, zone) if self.is_quiet(at, zone) else None

    def closes_at(self, at: float, zone: str) -> float | None:
        """When the next quiet begins, in seconds since 1970; None if it is quiet.

        Args:
            at: The moment in seconds since 1970.
            zone: The time zone, as `check_zone` returns it.
        """
        return None if self.is_quiet(at, zone) else self._changes_at(at, zone)

    def _holds(self, clock: time) -> bool:
        if self.begins < self.ends:
            return self.begins <= clock < self.ends
        return clock >= self.begins or clock < self.ends

    def _changes_at(self, at: float, zone: str) -> float:
        """The first moment behind this one at which the clock enters or leaves the quiet hours."""
        now = math.floor(at)
        place = ZoneInfo(zone)
        clock = datetime.fromtimestamp(now, place).time()
        is_quiet = self._holds(clock)
        awaited = _seconds(self.ends if is_quiet else self.begins)
        while True:
            expected = now + ((awaited - _seconds(clock)) % _DAY or _DAY)
            turn = _clock_change(now, expected, place)
            if turn is None:
                return float(expected)
            # The clock is set meanwhile: it may jump out of the hours, or show some of them once more.
            clock = datetime.fromtimestamp(turn, place).time()
            if self._holds(clock) is not is_quiet:
                return float(turn)
            now = turn


def _seconds(clock: time) -> int:
    return clock.hour * _HOUR + clock.minute * 60 + clock.second


def _offset(at: int, zone: ZoneInfo) -> object:
    return datetime.fromtimestamp(at, UTC).astimezone(zone).utcoffset()


def _clock_change(after: int, until: int, zone: ZoneInfo) -> int | None:
    """The first second behind ``after`` and up to ``until`` at which the zone's clocks are set; None without one."""
    before = after
    offset = _offset(after, zone)
    while before < until:
        # No zone sets its clocks twice in an hour.
        later = min(before + _HOUR, until)
        if _offset(later, zone) != offset:
            while later - before > 1:
                middle = (before + later) // 2
                if _offset(middle, zone) == offset:
                    before = middle
                else:
                    later = middle
            return later
        before = later
    return None


@functools.cache
def _zones() -> frozenset[str]:
    """The names of all time zones, without links of the machine itself and tables that count leap seconds."""
    return frozenset(available_timezones()) - {"localtime", "Factory", "posixrules"}


@functools.lru_cache(maxsize=1024)
def _is_zone(name: str) -> bool:
    if name not in _zones():
        return False
    try:
        ZoneInfo(name)
    except (OSError, ValueError):
        return False
    return True


def check_zone(name: object, argument: str = "zone") -> str:
    """Return the name of a time zone of the IANA database, such as ``Africa/Johannesburg``.

    Raises:
        InvalidInput: There is none of that name; the text has similar ones.
    """
    if not isinstance(name, str):
        raise InvalidInput(f'{argument} is {type(name).__name__}: give a name, such as "Africa/Johannesburg"')
    name = str.__str__(name).strip()
    if _is_zone(name):
        return name
    near = _near(name)
    mend = f"did you mean {' or '.join(near)}?" if near else 'give a name, such as "Africa/Johannesburg"'
    raise InvalidInput(f"{argument} is not a time zone of the IANA database: {mend}")


def _near(name: str) -> list[str]:
    """At most three names of zones that are like this one, or end in it."""
    folded = name[:64].casefold().replace(" ", "_")
    if not folded:
        return []
    whole = {zone.casefold(): zone for zone in sorted(_zones())}
    cities = {zone.rpartition("/")[2]: original for zone, original in whole.items() if "/" in zone}
    found = [whole[each] for each in difflib.get_close_matches(folded, whole, n=3, cutoff=0.75)]
    city = folded.rpartition("/")[2]
    found += [cities[each] for each in difflib.get_close_matches(city, cities, n=3, cutoff=0.8)]
    return list(dict.fromkeys(found))[:3]
