"""An exception at any line of the driver and of the connections leaves a report, and a client that works on."""

import gc
import linecache
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from figures import record
from rawserver import Gateway, RawServer, command, values

import clicksoap.transports
from clicksoap import Client, State, Timeout, report_of

# A socket that an exception meets on its way into a variable is closed when it is collected.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

TRANSPORTS = str(Path(clicksoap.transports.__file__).parent)


class Interruption(BaseException):
    """What a signal handler raises."""


class _Interrupting:
    """Raises at the n-th line of the transports that runs in this thread."""

    def __init__(self, line: int) -> None:
        self.left = line
        self.place = ""

    def trace(self, frame: FrameType, event: str, _: Any) -> Callable[..., Any] | None:
        if not frame.f_code.co_filename.startswith(TRANSPORTS):
            return None  # the calls that it makes are traced, and its lines are not
        # Behind the word alone, no signal handler runs: it is no instruction that checks for signals.
        if event == "line" and linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip() != "try:":
            self.left -= 1
            if self.left == 0:
                sys.settrace(None)
                self.place = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
                raise Interruption
        return self.trace


@contextmanager
def interrupting(line: int) -> Iterator[_Interrupting]:
    before = sys.gettrace()  # a measure of coverage, perhaps
    interruption = _Interrupting(line)
    sys.settrace(interruption.trace)
    try:
        yield interruption
    finally:
        sys.settrace(before)


@contextmanager
def few_objects_to_collect() -> Iterator[None]:
    """Leave what exists already out of collections, which take the time of hundreds of sends otherwise."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def taken(server: RawServer) -> set[str]:
    return {number for each in server.requests if command(each) == "sendmsg" for number in values(each, "to")}


def interrupt_everywhere(server: RawServer, client: Client, *, is_first: bool) -> None:
    """Interrupt a send at one line after the other; each send is to numbers of its own."""
    told: dict[str, tuple[State | None, str]] = {}
    line, was_interrupted = 0, True
    while was_interrupted:
        line += 1
        if is_first:
            client.close()
            client._core.session.forget()
        numbers = [str(27820000000 + line * 2 + part) for part in range(2)]
        states: dict[str, State] = {}
        place = "not interrupted"
        try:
            with interrupting(line) as interruption:
                report = client.send(numbers, "x")
        except Interruption as error:
            place = interruption.place
            found = report_of(error)
            states = {result.to: result.state for result in found or ()}
        else:
            states = {result.to: result.state for result in report}
        was_interrupted = bool(interruption.place)
        if place.startswith("driver"):
            gc.collect()  # the place of a login may hang on the exception, whose frames refer to it
        told |= {number: (states.get(number), place) for number in numbers}
    assert line > 100
    assert len(client.send("27829999999", "x").accepted) == 1
    arrived = taken(server)
    wrong = {
        place: state
        for number, (state, place) in told.items()
        if (number in arrived and state in {None, State.NOT_SENT})
        or (number not in arrived and state is State.ACCEPTED)
    }
    record("interrupted at each line of the transports", lines=line, wrong=len(wrong))
    assert wrong == {}
    assert {State.NOT_SENT, State.UNKNOWN, State.ACCEPTED} <= {state for state, _ in told.values()}


@pytest.mark.parametrize(
    ("host", "is_first"),
    [
        ("127.0.0.1", False),
        ("localhost", True),  # its name is looked up
        pytest.param("localhost", False, marks=pytest.mark.proof),
        pytest.param("127.0.0.1", True, marks=pytest.mark.proof),
    ],
    ids=["later call", "first call by name", "later call by name", "first call"],
)
def test_an_exception_at_any_line_of_a_send_is_told_truly(host: str, is_first: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Each call begins behind an interrupted one; a lock or a place that stayed taken would end it by time."""
    limits = Timeout(connect=10, read=10, total=10)
    with RawServer(Gateway()) as server:
        endpoint = f"http://{host}:{server.port}"
        with Client(1, "acme", "secret", endpoint=endpoint, timeout=limits, max_recipients=1) as client:
            client.send("27829999998", "warm")
            # In a thread of its own: CPython 3.11 can go on "handling" an exception that a trace function interrupted,
            # and every later error of that thread would have it as its context.
            with ThreadPoolExecutor(1) as pool, few_objects_to_collect():
                pool.submit(interrupt_everywhere, server, client, is_first=is_first).result()
