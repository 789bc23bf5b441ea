"""The pace: in no window more than it allows, nothing starved, whatever the clock does."""

from itertools import accumulate

import pytest
from hypothesis import given, strategies as st

from clicksoap.outbox.pace import LARGEST, Pace

RATES = st.sampled_from([0.1, 1.0, 7.3, 100.0, 300.0, 1000.0, 5000.0])
REQUESTS = st.lists(
    st.tuples(st.floats(0, 2, allow_nan=False), st.integers(1, LARGEST), st.booleans()),
    max_size=60,
)


def taken(rate: float, requests: list[tuple[float, int, bool]], free_at: float = 0.0) -> list[tuple[float, int]]:
    """What is let through, with its time."""
    found: list[tuple[float, int]] = []
    times = accumulate(pause for pause, _, _ in requests)
    for now, (_, parts, is_alert) in zip(times, requests, strict=True):
        pace = Pace(rate, free_at, 1e9 + now)
        if pace.take(parts, is_alert=is_alert):
            found.append((now, parts))
        free_at = pace.free_at
    return found


@given(rate=RATES, requests=REQUESTS)
def test_no_window_has_more_than_its_parts(rate: float, requests: list[tuple[float, int, bool]]) -> None:
    found = taken(rate, requests)
    for first in range(len(found)):
        parts = 0
        for now, each in found[first:]:
            parts += each
            allowed = rate * (now - found[first][0]) + max(LARGEST, 0.2 * rate)
            assert parts <= allowed * (1 + 1e-6) + 1e-3


@given(rate=RATES, requests=REQUESTS, parts=st.integers(1, LARGEST), is_alert=st.booleans())
def test_a_request_that_waits_is_let_through_in_time(
    rate: float, requests: list[tuple[float, int, bool]], parts: int, *, is_alert: bool
) -> None:
    """Whatever went before it: nothing further ahead than the largest burst is owed."""
    free_at, now = 0.0, 1e9
    for pause, size, alert in requests:
        now += pause
        pace = Pace(rate, free_at, now)
        pace.take(size, is_alert=alert)
        free_at = pace.free_at
    assert free_at <= now + max(LARGEST / rate, 0.2) + 1e-5
    later = now + max(LARGEST / rate, 0.2) + 1e-4
    assert Pace(rate, free_at, later).take(parts, is_alert=is_alert)


@given(rate=RATES, steps=st.lists(st.floats(-1e6, 1e6), max_size=20), parts=st.integers(1, LARGEST))
def test_a_clock_that_is_set_neither_stops_the_work_nor_saves_permits(
    rate: float, steps: list[float], parts: int
) -> None:
    free_at, now = 0.0, 1e9
    for step in steps:
        now += step
        pace = Pace(rate, free_at, now)
        assert now <= pace.free_at <= now + max(LARGEST / rate, 0.2) + 1e-5
        let = 0
        while pace.take(parts, is_alert=True):
            let += parts
        assert let <= max(LARGEST, 0.2 * rate) * (1 + 1e-6) + 1e-3
        free_at = pace.free_at


@given(requests=st.lists(st.integers(1, LARGEST), max_size=50))
def test_without_a_rate_nothing_waits(requests: list[int]) -> None:
    pace = Pace(None, 5e9, 1e9)
    assert all(pace.take(each, is_alert=False) for each in requests)


@pytest.mark.parametrize("rate", [1.0, 50.0, 1000.0])
def test_an_alert_passes_a_large_request_that_was_just_let_through(rate: float) -> None:
    pace = Pace(rate, 0.0, 1e9)
    assert pace.take(LARGEST - 1, is_alert=False)
    assert not pace.take(1, is_alert=False) or rate >= 1000
    assert pace.take(1, is_alert=True)


def test_a_run_keeps_its_rate() -> None:
    """Full use of the permits comes to the rate, not to less."""
    rate, free_at, let = 100.0, 0.0, 0
    for tick in range(1000):
        pace = Pace(rate, free_at, 1e9 + tick * 0.05)
        while pace.take(1, is_alert=False):
            let += 1
        free_at = pace.free_at
    assert 100 * 50 * 0.99 <= let <= 100 * 50 + 40
