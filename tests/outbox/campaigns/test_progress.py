"""Progress is measured from counts, and shown on terminals, in logs, and to nobody without harm."""

import io
import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TextIO

import pytest
from hypothesis import given, strategies as st

from clicksoap.outbox import Progress, show_progress
from clicksoap.outbox.campaigns.progress import ProgressWatch, shown_duration

AT = datetime(2026, 11, 29, 20, 0, tzinfo=UTC)
PROGRESS = Progress(
    at=AT,
    rows=40_000,
    done=12_340,
    accepted=12_337,
    rejected=3,
    bad=0,
    doubtful=0,
    pending=27_600,
    sending=60,
    rate=98.2,
    left=timedelta(seconds=280.4),
    asking=3,
    asking_until=datetime(2026, 11, 29, 21, 14, tzinfo=UTC),
    held_until=None,
    paused=None,
    credits=4512.7,
)


def test_a_progress_is_one_plain_line() -> None:
    assert str(PROGRESS) == (
        "12 340 of 40 000, 98/s, 4 min 40 s left, 3 refused, "
        "waiting for the outcome of 3 messages until 21:14 UTC, 4 512 credits"
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rate": 0.25, "left": None}, "12 340 of 40 000, 0.2/s, 3 refused"),
        ({"rate": 0.0, "left": None}, "12 340 of 40 000, 0/s, 3 refused"),
        ({"doubtful": 2}, "3 refused, 2 in doubt, waiting"),
        ({"rejected": 3, "bad": 1}, "left, 1 bad row, 2 refused, waiting"),
        ({"rejected": 1200, "bad": 1200}, "left, 1 200 bad rows, waiting"),
        ({"asking": 1, "asking_until": None}, "waiting for the outcome of 1 message, 4 512"),
        ({"held_until": datetime(2026, 11, 30, 6, 0, tzinfo=UTC)}, "held until 2026-11-30 06:00 UTC"),
        ({"paused": "error 301:\x1b[31m\nno credit"}, "paused: error 301: [31m no credit"),
        ({"done": 40_000}, "40 000 of 40 000, 3 refused"),
        ({"credits": None}, "until 21:14 UTC"),
    ],
)
def test_a_line_names_what_matters(changes: dict[str, Any], words: str) -> None:
    line = str(replace(PROGRESS, **changes))
    assert words in line
    assert line.isprintable()


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (0.4, "0 s"),
        (59.6, "1 min"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (3_661, "1 h 1 min"),
        (90_000, "1 d 1 h"),
    ],
)
def test_a_duration_is_shown_in_two_units(seconds: float, shown: str) -> None:
    assert shown_duration(timedelta(seconds=seconds)) == shown


# Measuring


def test_the_rate_is_that_of_the_last_thirty_seconds() -> None:
    watch = ProgressWatch()
    assert watch.measure(100, 0, 1000) == (0.0, None)
    for second in range(1, 11):
        watch.measure(100 + second, 50 * second, 1000)
    assert watch.measure(111, 550, 1000) == (50.0, timedelta(seconds=9))
    for second in range(1, 31):
        watch.measure(111 + second, 550 + second, 1000)
    assert watch.measure(142, 581, 1000) == (1.0, timedelta(seconds=419))
    assert watch.measure(182, 581, 1000)[0] == pytest.approx(0, abs=0.1)
    assert watch.measure(222, 581, 1000) == (0.0, None)


def test_a_clock_that_steps_back_and_rows_that_wait_again_begin_the_measure_anew() -> None:
    watch = ProgressWatch()
    watch.measure(100, 0, 100)
    assert watch.measure(101, 10, 100)[0] == 10
    assert watch.measure(50, 20, 100) == (0.0, None)
    assert watch.measure(51, 30, 100)[0] == 10
    assert watch.measure(52, 25, 100) == (0.0, None)


def test_all_rows_done_leaves_no_time() -> None:
    assert ProgressWatch().measure(1, 7, 7)[1] == timedelta()
    assert ProgressWatch().measure(1, 0, 0)[1] == timedelta()


@given(st.lists(st.tuples(st.floats(-100, 1e9), st.integers(0, 10**7)), min_size=1), st.integers(0, 10**7))
def test_no_counts_and_no_clock_give_a_negative_rate_or_time(looks: list[tuple[float, int]], rows: int) -> None:
    watch = ProgressWatch()
    for now, done in looks:
        rate, left = watch.measure(now, done, rows)
        assert rate >= 0
        assert left is None or left >= timedelta()


@given(st.lists(st.tuples(st.floats(0.01, 100), st.integers(1, 1000)), min_size=2, max_size=50))
def test_counts_that_grow_always_give_a_time_left(steps: list[tuple[float, int]]) -> None:
    watch = ProgressWatch()
    rows = sum(done for _, done in steps) + 1
    now, count = 0.0, 0
    for position, (seconds, done) in enumerate(steps):
        now, count = now + seconds, count + done
        rate, left = watch.measure(now, count, rows)
        assert (left is not None and rate > 0) == (position > 0)


# Showing


def shown(stream: TextIO, *progresses: Progress) -> None:
    with show_progress(stream) as tell:
        for each in progresses:
            tell(each)


def later(seconds: float, **changes: Any) -> Progress:
    return replace(PROGRESS, at=AT + timedelta(seconds=seconds), **{"done": 12_340 + round(seconds), **changes})


def test_a_log_gets_a_line_every_ten_seconds() -> None:
    stream = io.StringIO()
    shown(stream, *[later(second) for second in range(31)])
    assert [line.split(",")[0] for line in stream.getvalue().splitlines()] == [
        f"12 3{40 + second} of 40 000" for second in (0, 10, 20, 30)
    ]


def test_a_log_gets_a_line_at_once_when_it_halts_goes_on_or_ends() -> None:
    stream = io.StringIO()
    held = datetime(2026, 11, 29, 23, 0, tzinfo=UTC)
    shown(
        stream, later(0), later(1), later(2, paused="why"), later(3, paused="why"), later(4), later(5, held_until=held),
        later(6, done=40_000),
    )  # fmt: skip
    lines = stream.getvalue().splitlines()
    assert len(lines) == 5
    assert ["paused: why" in line for line in lines] == [False, True, False, False, False]
    assert lines[-1].startswith("40 000 of 40 000")


def test_the_last_line_is_written_at_the_end_and_only_once() -> None:
    stream = io.StringIO()
    display = show_progress(stream)
    display(later(0))
    display(later(3))
    display.close()
    display.close()
    assert [line.split(",")[0] for line in stream.getvalue().splitlines()] == ["12 340 of 40 000", "12 343 of 40 000"]


def test_a_stream_of_few_letters_gets_what_it_can_write() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, "ascii")
    shown(stream, later(0, paused="zu früh"))
    assert b"paused: zu fr\\xfch" in raw.getvalue()


def closed_stream() -> TextIO:
    stream = io.StringIO()
    stream.close()
    return stream


def broken_pipe() -> TextIO:
    reader, writer = os.pipe()
    os.close(reader)
    return os.fdopen(writer, "w", buffering=1)


class _Odd(io.StringIO):
    def isatty(self) -> bool:
        raise RuntimeError("isatty")


@pytest.mark.parametrize("stream_of", [closed_stream, broken_pipe, _Odd])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_broken_stream_never_stops_the_sender(stream_of: Callable[[], TextIO]) -> None:
    stream = stream_of()
    shown(stream, *[later(second) for second in range(0, 60, 10)])
    with suppress(OSError):
        stream.close()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("LINES", "24")
    return monkeypatch


@pytest.mark.usefixtures("environment")
def test_a_terminal_gets_a_bar_that_is_redrawn() -> None:
    stream = Terminal()
    shown(stream, later(0), later(1), later(2, done=40_000))
    written = stream.getvalue()
    assert "\x1b[?25l" in written
    assert written.rindex("\x1b[?25h") > written.rindex("40 000 of 40 000")
    assert "\x1b[2K" in written
    assert " 30 %" in written
    assert "100 %" in written
    assert "\x1b[38;" in written


def test_no_color_is_respected(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("NO_COLOR", "1")
    stream = Terminal()
    shown(stream, later(0))
    assert "\x1b[3" not in stream.getvalue()
    assert "\x1b[9" not in stream.getvalue()


def test_forty_columns_hold_the_bar_and_the_line(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("COLUMNS", "40")
    environment.setenv("NO_COLOR", "1")
    stream = Terminal()
    shown(stream, later(0))
    lines = [line for line in _plain(stream.getvalue()).splitlines() if line.strip()]
    assert max(map(len, lines)) <= 40
    assert "98/s" in " ".join(lines)


@pytest.mark.usefixtures("environment")
def test_markup_and_steering_characters_of_others_are_shown_as_they_are() -> None:
    stream = Terminal()
    shown(stream, later(0, paused="[bold]no\x1b[2J[/nothing]"))
    assert "[bold]no [2J[/nothing]" in " ".join(_plain(stream.getvalue()).split())
    assert "\x1b[2J" not in stream.getvalue()


def test_a_dumb_terminal_gets_plain_lines(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TERM", "dumb")
    stream = Terminal()
    shown(stream, later(0), later(1))
    assert "\x1b" not in stream.getvalue()
    assert len(stream.getvalue().splitlines()) == 2


@pytest.mark.usefixtures("environment")
def test_a_terminal_that_breaks_in_the_middle_stops_nobody() -> None:
    stream = Terminal()
    with show_progress(stream) as tell:
        tell(later(0))
        stream.close()
        tell(later(1))
        tell(later(2))


def _plain(written: str) -> str:

    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written).replace("\r", "\n")
