"""The stages of a message on the gateway's clock: the 998 numbers, expiry and refunds."""

import itertools
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from clicksoap.codes import STATUSES
from clicksoap.simulator import Account, Clock, Event, Settings, Simulator
from clicksoap.simulator.gateway.stages import FREE_STATUSES

from .conftest import Wire

TO = "27820000001"
WHO = {"api_id": "7", "user": "acme", "password": "secret"}

# What a number of the prefix 998 goes through, from the moment it is accepted.
LIVES = {
    "001": ["008", "001", "010"],
    "002": ["008", "002", "010"],
    "003": ["008", "003"],
    "004": ["008", "003", "004"],
    "005": ["008", "005"],
    "006": ["008", "006"],
    "007": ["008", "003", "007"],
    "008": ["008", "010"],
    "009": ["008", "009"],
    "010": ["008", "010"],
    "011": ["008", "011", "010"],
    "012": ["008", "012"],
    "014": ["008", "014"],
    "013": ["008", "003", "004"],
    "999": ["008", "003", "004"],
}


@pytest.fixture
def still() -> Iterator[Simulator]:
    """A simulator whose clock moves only when told."""
    with Simulator(clock=Clock(speed=0)) as sim:
        yield sim


def send(wire: Wire, to: str = TO, **values: str) -> str:
    (line,) = wire.call("sendmsg", to, text="hi", **WHO, **values)
    assert line.startswith("ID: "), line
    return line.removeprefix("ID: ")


def status(wire: Wire, message_id: str) -> str:
    return wire.call("querymsg", apimsgid=message_id, **WHO)[0].rpartition(" ")[2]


def credit(wire: Wire) -> Decimal:
    return Decimal(wire.call("getbalance", **WHO)[0].removeprefix("Credit: "))


def test_every_status_has_a_number() -> None:
    assert set(STATUSES) <= set(LIVES)


@pytest.mark.parametrize("digits", LIVES)
def test_a_998_number_is_accepted_and_ends_as_it_says(still: Simulator, digits: str) -> None:
    wire = Wire(still)
    seen = [status(wire, message_id := send(wire, f"998{digits}0000", validity="10"))]
    assert credit(wire) == 999
    for step in ({"seconds": 5}, {"seconds": 10}, {"minutes": 10}):
        still.clock.advance(**step)
        seen.append(status(wire, message_id))
    lived = [seen[0], *(now for before, now in itertools.pairwise(seen) if now != before)]
    assert lived == LIVES[digits]
    (message,) = still.messages
    assert [each.status for each in message.history] == LIVES[digits]
    assert still.gateway.planned(message_id) == ()
    free = lived[-1] in FREE_STATUSES
    assert credit(wire) == (1000 if free else 999)
    charge = wire.call("getmsgcharge", apimsgid=message_id, **WHO)
    assert charge == [f"apiMsgId: {message_id} charge: {0 if free else 1} status: {lived[-1]}"]


@pytest.mark.parametrize("digits", ["002", "008", "011"])
def test_what_waits_expires_after_a_day_unless_it_says_another_validity(still: Simulator, digits: str) -> None:
    wire = Wire(still)
    day, hour = send(wire, f"998{digits}0000"), send(wire, f"998{digits}0000", validity="60")
    still.clock.advance(minutes=59)
    assert [status(wire, day), status(wire, hour)] == [digits, digits]
    still.clock.advance(minutes=1)
    assert [status(wire, day), status(wire, hour)] == [digits, "010"]
    still.clock.advance(hours=23)
    assert status(wire, day) == "010"
    assert credit(wire) == 1000


def test_a_message_that_is_handed_on_too_late_expires_and_costs_nothing() -> None:
    settings = Settings(handed_on_after=timedelta(minutes=3), received_after=timedelta(minutes=3))
    with Simulator(clock=Clock(speed=0), settings=settings) as sim:
        wire = Wire(sim)
        short, long = send(wire, validity="2", deliv_time="5"), send(wire, validity="4")
        sim.clock.advance(minutes=7)
        assert [status(wire, short), status(wire, long)] == ["010", "004"]
        assert [each.history[-1].at - each.created for each in sim.messages] == [
            timedelta(minutes=7),
            timedelta(minutes=3),
        ]
        assert credit(wire) == 999


def test_a_route_dearer_than_max_credits_ends_with_009_and_is_paid_back() -> None:
    with Simulator(accounts=[Account(7, "acme", "secret", price=Decimal("1.5"))], clock=Clock(speed=0)) as sim:
        wire = Wire(sim)
        dear, good = send(wire, max_credits="1.4"), send(wire, max_credits="1.5")
        assert credit(wire) == 997
        sim.clock.advance(minutes=1)
        assert [status(wire, dear), status(wire, good)] == ["009", "004"]
        assert credit(wire) == Decimal("998.5")


def test_a_scheduled_message_waits_then_lives_as_usual(still: Simulator) -> None:
    wire = Wire(still)
    message_id = send(wire, deliv_time="30")
    planned = [(each.status, each.at) for each in still.gateway.planned(message_id)]
    due = still.messages[0].due
    assert planned == [("008", due), ("003", due + timedelta(seconds=5)), ("004", due + timedelta(seconds=15))]
    seen = [status(wire, message_id)]
    for seconds in (30 * 60, 5, 10):
        still.clock.advance(seconds=seconds)
        seen.append(status(wire, message_id))
    assert seen == ["011", "008", "003", "004"]


def test_a_stopped_message_stays_stopped_and_is_paid_back_once(still: Simulator) -> None:
    wire = Wire(still)
    message_id = send(wire, deliv_time="30", climsgid="mine")
    for _ in range(2):
        assert wire.call("delmsg", climsgid="mine", **WHO) == [f"ID: {message_id} Status: 006"]
    still.clock.advance(hours=1)
    assert status(wire, message_id) == "006"
    assert credit(wire) == 1000
    sent = send(wire)
    assert wire.call("delmsg", apimsgid=sent, **WHO) == [f"ID: {sent} Status: 008"]
    still.clock.advance(hours=1)
    assert status(wire, sent) == "004"


def test_a_status_set_by_hand_stays(still: Simulator) -> None:
    wire = Wire(still)
    message_id = send(wire)
    assert still.gateway.set_status(message_id, "007").charge == 1
    still.clock.advance(hours=48)
    assert status(wire, message_id) == "007"
    assert still.gateway.set_status(message_id, "012").charge == 0
    assert credit(wire) == 1000
    with pytest.raises(ValueError, match="status is unknown: give one of 001"):
        still.gateway.set_status(message_id, "013")
    with pytest.raises(KeyError):
        still.gateway.set_status("0" * 32, "004")


def test_the_handset_and_the_network_take_as_long_as_the_settings_say() -> None:
    settings = Settings(handed_on_after=timedelta(), received_after=timedelta(minutes=2))
    with Simulator(clock=Clock(speed=0), settings=settings) as sim:
        wire = Wire(sim)
        message_id = send(wire)
        assert status(wire, message_id) == "003"
        sim.clock.advance(minutes=2)
        assert status(wire, message_id) == "004"


@pytest.mark.parametrize("speed", [60, 100_000])
def test_a_fast_clock_moves_messages_by_itself(speed: float, wire_to: Callable[[Simulator], Wire]) -> None:
    received = threading.Event()
    with Simulator(clock=Clock(speed=speed)) as sim:
        sim.gateway.event_bus.subscribe(lambda event: received.set() if _tells(event, "004") else None)
        send(wire_to(sim))
        assert received.wait(30)
        assert [each.status for each in sim.messages[0].history] == ["008", "003", "004"]


def test_on_a_clock_that_stands_nothing_moves_until_it_is_advanced(still: Simulator) -> None:
    told = threading.Event()
    seen: list[str] = []

    def listen(event: Event) -> None:
        if event.kind == "status":
            seen.append(event.messages[0].status)
            told.set() if len(seen) == 2 else None

    still.gateway.event_bus.subscribe(listen)
    wire = Wire(still)
    message_id = send(wire)
    began = still.clock.now()
    assert [status(wire, message_id) for _ in range(3)] == ["008"] * 3
    assert still.clock.now() == began
    still.clock.advance(seconds=15)
    assert told.wait(30)  # nobody asks: the simulator looks by itself
    assert seen == ["003", "004"]
    with pytest.raises(ValueError, match="speed of 0 or more"):
        Clock(speed=-1)


def _tells(event: Event, status: str) -> bool:
    return event.kind == "status" and event.messages[0].status == status
