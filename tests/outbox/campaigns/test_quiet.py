"""Quiet hours go by the clock on the wall, also while it is set."""

import math
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, strategies as st

from clicksoap.errors import InvalidInput
from clicksoap.outbox.campaigns.quiet import QuietHours, check_zone

# Half an hour of summer time, none at all, both hemispheres, and a day that was skipped.
ZONES = (
    "Africa/Johannesburg", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago",
    "Africa/Casablanca", "Pacific/Apia",
)  # fmt: skip
NIGHT = QuietHours(time(21), time(8))
TIMES = st.builds(time, st.integers(0, 23), st.sampled_from([0, 1, 15, 30, 59]))
HOURS = st.tuples(TIMES, TIMES).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: QuietHours(*pair))
YEAR = st.integers(int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()), int(datetime(2027, 1, 1, tzinfo=UTC).timestamp()))


def at(zone: str, *moment: int, fold: int = 0) -> float:
    year, month, day, hour, minute, second = (*moment, 0, 0)[:6]
    return datetime(year, month, day, hour, minute, second, tzinfo=ZoneInfo(zone), fold=fold).timestamp()


def test_quiet_hours_go_across_midnight() -> None:
    zone = "Africa/Johannesburg"
    assert not NIGHT.is_quiet(at(zone, 2026, 11, 29, 20, 59, 59), zone)
    assert NIGHT.is_quiet(at(zone, 2026, 11, 29, 21, 0), zone)
    assert NIGHT.is_quiet(at(zone, 2026, 11, 30, 7, 59, 59) + 0.9, zone)
    assert not NIGHT.is_quiet(at(zone, 2026, 11, 30, 8, 0), zone)
    assert NIGHT.opens_at(at(zone, 2026, 11, 29, 23, 0), zone) == at(zone, 2026, 11, 30, 8, 0)
    assert NIGHT.opens_at(at(zone, 2026, 11, 30, 3, 0), zone) == at(zone, 2026, 11, 30, 8, 0)
    assert NIGHT.opens_at(at(zone, 2026, 11, 30, 9, 0), zone) is None
    assert NIGHT.closes_at(at(zone, 2026, 11, 30, 9, 0), zone) == at(zone, 2026, 11, 30, 21, 0)
    assert NIGHT.closes_at(at(zone, 2026, 11, 30, 22, 0), zone) is None


def test_quiet_hours_within_a_day_leave_the_night_open() -> None:
    noon = QuietHours.parse("12:00 - 13:30")
    zone = "Europe/Berlin"
    assert noon.is_quiet(at(zone, 2026, 6, 1, 12, 0), zone)
    assert not noon.is_quiet(at(zone, 2026, 6, 1, 13, 30), zone)
    assert not noon.is_quiet(at(zone, 2026, 6, 1, 0, 0), zone)
    assert noon.closes_at(at(zone, 2026, 6, 1, 14, 0), zone) == at(zone, 2026, 6, 2, 12, 0)


def test_a_night_is_an_hour_shorter_or_longer_when_clocks_are_set() -> None:
    zone = "Europe/Berlin"
    for evening, hours in ((datetime(2026, 3, 28, 21, tzinfo=UTC), 10), (datetime(2026, 10, 24, 21, tzinfo=UTC), 12)):
        begins = at(zone, evening.year, evening.month, evening.day, 21, 0)
        ends = NIGHT.opens_at(begins, zone)
        assert ends is not None
        assert ends - begins == hours * 3600


def test_quiet_that_would_end_in_a_gap_ends_when_the_clock_jumps() -> None:
    """In Berlin 02:00 is followed by 03:00, so that no clock shows 02:30."""
    zone = "Europe/Berlin"
    hours = QuietHours.parse("21:00-02:30")
    jump = at("UTC", 2026, 3, 29, 1, 0)
    assert hours.opens_at(at(zone, 2026, 3, 29, 0, 0), zone) == jump


def test_quiet_that_begins_in_a_gap_begins_when_the_clock_jumps() -> None:
    zone = "Europe/Berlin"
    hours = QuietHours.parse("02:30-06:00")
    assert hours.closes_at(at(zone, 2026, 3, 29, 0, 0), zone) == at("UTC", 2026, 3, 29, 1, 0)
    skipped = QuietHours.parse("02:15-02:45")
    assert skipped.closes_at(at(zone, 2026, 3, 29, 0, 0), zone) == at(zone, 2026, 3, 30, 2, 15)


def test_an_hour_that_comes_twice_is_quiet_twice() -> None:
    """In Berlin 02:59 is followed by 02:00."""
    zone = "Europe/Berlin"
    hours = QuietHours.parse("21:00-02:30")
    first, again = at(zone, 2026, 10, 25, 2, 30), at(zone, 2026, 10, 25, 2, 30, fold=1)
    assert again - first == 3600
    assert hours.opens_at(first - 3600, zone) == first
    assert hours.closes_at(first, zone) == at("UTC", 2026, 10, 25, 1, 0)
    assert hours.opens_at(first + 1800, zone) == again


def test_a_day_that_a_zone_skips_is_skipped() -> None:
    """Apia had no 30 December 2011."""
    zone = "Pacific/Apia"
    hours = QuietHours.parse("22:00-20:00")
    evening = at(zone, 2011, 12, 29, 23, 0)
    assert hours.opens_at(evening, zone) == at(zone, 2011, 12, 31, 20, 0)


def brute(hours: QuietHours, start: float, zone: str) -> float:
    """The next minute at which the answer differs; all times of these tests are whole minutes."""
    now = math.floor(start / 60) * 60
    is_quiet = hours.is_quiet(start, zone)
    while hours.is_quiet(now, zone) is is_quiet or now <= start:
        now += 60
    return now


@given(hours=HOURS, moment=YEAR, zone=st.sampled_from(ZONES))
@example(hours=QuietHours(time(2, 30), time(2, 15)), moment=1774738800, zone="Europe/Berlin")
@example(hours=QuietHours(time(2, 15), time(2, 30)), moment=1792886400, zone="Europe/Berlin")
def test_quiet_ends_at_the_first_moment_that_is_not_quiet(hours: QuietHours, moment: int, zone: str) -> None:
    opens, closes = hours.opens_at(moment, zone), hours.closes_at(moment, zone)
    is_quiet = hours.is_quiet(moment, zone)
    assert (opens is None, closes is None) == (not is_quiet, is_quiet)
    change = opens if opens is not None else closes
    assert change is not None
    assert hours.is_quiet(change, zone) is not is_quiet
    assert hours.is_quiet(change - 1, zone) is is_quiet
    assert moment < change
    assert change == brute(hours, moment, zone)


@pytest.mark.parametrize("zone", ZONES[:6])
def test_every_night_of_a_year_ends(zone: str) -> None:
    """From each change to the next, through a whole year: as many nights as days, each ends at 08:00."""
    now = at(zone, 2026, 1, 1, 12, 0)
    for _ in range(365):
        begins = NIGHT.closes_at(now, zone)
        assert begins is not None
        ends = NIGHT.opens_at(begins, zone)
        assert ends is not None
        now = ends
        assert datetime.fromtimestamp(begins, ZoneInfo(zone)).time() == time(21)
        assert datetime.fromtimestamp(ends, ZoneInfo(zone)).time() == time(8)
    assert datetime.fromtimestamp(now, ZoneInfo(zone)).date().isoformat() == "2027-01-01"


def test_quiet_hours_are_parsed_and_written() -> None:
    assert QuietHours.parse(" 21:00-08:00 ") == NIGHT
    assert QuietHours.parse("21:00\N{EN DASH}8:00") == NIGHT
    assert str(NIGHT) == "21:00-08:00"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("21-8", 'quiet is not a span of hours: give one, such as "21:00-08:00"'),
        ("", "not a span"),
        ("21:00-08:00-09:00", "not a span"),
        ("24:00-08:00", "a time that no clock shows: give 00:00 to 23:59"),
        ("21:60-08:00", "a time that no clock shows"),
        ("08:00-08:00", "begins and ends at the same time"),
        ("\N{ARABIC-INDIC DIGIT TWO}1:00-08:00", "not a span"),
    ],
)
def test_a_span_that_cannot_be_meant_is_refused(text: str, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        QuietHours.parse(text)
    assert said in str(caught.value)


@pytest.mark.parametrize("begins", [time(8), time(21, tzinfo=UTC), time(21, 0, 0, 1), "21:00"])
def test_only_plain_times_are_taken(begins: time) -> None:
    with pytest.raises(InvalidInput):
        QuietHours(begins, time(8))


@pytest.mark.parametrize("zone", ["Africa/Johannesburg", "UTC", "Etc/GMT+2", "America/Argentina/Ushuaia"])
def test_a_zone_of_the_iana_database_is_taken(zone: str) -> None:
    assert check_zone(zone) == zone
    assert check_zone(f" {zone}\n") == zone


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("Johannesburg", "zone is not a time zone of the IANA database: did you mean Africa/Johannesburg?"),
        ("africa/johannesburg", "did you mean Africa/Johannesburg?"),
        ("Europe/Berln", "did you mean Europe/Berlin"),
        ("New York", "did you mean America/New_York?"),
        ("+02:00", 'give a name, such as "Africa/Johannesburg"'),
        ("../../etc/passwd", "is not a time zone"),
        ("/etc/localtime", "is not a time zone"),
        ("right/Europe/Paris", "is not a time zone"),
        ("localtime", "is not a time zone"),
        ("Europe", "is not a time zone"),
        ("", "is not a time zone"),
        ("\0", "is not a time zone"),
        ("\ud800", "is not a time zone"),
        ("x" * 5000, "is not a time zone"),
        (5, 'zone is int: give a name, such as "Africa/Johannesburg"'),
    ],
)
def test_another_name_is_refused(zone: object, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_zone(zone)
    assert said in str(caught.value)
