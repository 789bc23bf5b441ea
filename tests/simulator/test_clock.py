"""The simulator's clock."""

from datetime import timedelta
from threading import Thread

import pytest

from clicksoap.simulator import Clock


def test_a_clock_that_stands_still_moves_only_when_it_is_advanced() -> None:
    clock = Clock(speed=0)
    began = clock.now()
    assert clock.now() == began
    clock.advance(days=1, hours=2, minutes=3, seconds=4)
    assert clock.now() - began == timedelta(days=1, hours=2, minutes=3, seconds=4)


def test_a_fast_clock_has_passed_a_minute_before_long() -> None:
    clock = Clock(speed=100_000)
    clock.wait(clock.now() + timedelta(minutes=1), clock.signals)


@pytest.mark.parametrize("wrong", [{"speed": -1.0}])
def test_time_does_not_go_back(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="time does not go back"):
        Clock(**wrong)
    with pytest.raises(ValueError, match="only be advanced"):
        Clock().advance(minutes=-1)


@pytest.mark.parametrize("until", [None, timedelta(days=1)])
def test_who_waits_is_woken_by_an_advance_and_by_a_signal_that_came_before(until: timedelta | None) -> None:
    clock = Clock(speed=0)
    moment = None if until is None else clock.now() + until
    waiter = Thread(target=clock.wait, args=(moment, clock.signals), daemon=True)
    waiter.start()
    clock.advance(days=2)
    waiter.join(10)
    assert not waiter.is_alive()
    seen = clock.signals
    clock.wake()
    clock.wait(moment, seen)  # returns at once
