"""The event bus: every event, in order, once."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from clicksoap.simulator import Clock, Event, Simulator
from clicksoap.simulator.gateway.event_bus import EventBus

from .conftest import Wire

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TO = "27820000001"
OTHER = "27820000002"
WHO = {"api_id": "7", "user": "acme", "password": "secret"}


@pytest.fixture
def still() -> Iterator[Simulator]:
    with Simulator(clock=Clock(speed=0)) as sim:
        yield sim


@pytest.fixture
def told(still: Simulator) -> list[Event]:
    heard: list[Event] = []
    still.gateway.event_bus.subscribe(heard.append)
    return heard


def test_a_message_is_told_from_its_arrival_to_its_end(still: Simulator, told: list[Event]) -> None:
    wire = Wire(still)
    wire.call("sendmsg", TO, OTHER, text="hi", **WHO)
    still.clock.advance(seconds=60)
    messages = still.messages
    wire.call("sendmsg", TO, text="hi", deliv_time="5", climsgid="mine", **WHO)
    wire.call("delmsg", climsgid="mine", **WHO)
    still.gateway.delete([messages[0].id])
    still.reset()
    assert [(each.kind, [message.status for message in each.messages]) for each in told if each.kind != "exchange"] == [
        ("accepted", ["008", "008"]),
        ("status", ["003"]),
        ("status", ["003"]),
        ("status", ["004"]),
        ("status", ["004"]),
        ("accepted", ["011"]),
        ("status", ["006"]),
        ("deleted", ["004"]),
        ("reset", []),
    ]
    assert [each.messages[0].to for each in told if each.kind == "status"][:4] == [TO, OTHER, TO, OTHER]
    assert [each.at for each in told] == sorted(each.at for each in told)


def test_an_exchange_is_told_after_what_it_did(still: Simulator, told: list[Event]) -> None:
    wire = Wire(still)
    wire.call("sendmsg", TO, text="hi", **WHO)
    wire.call("sendmsg", TO, **WHO)
    assert [each.kind for each in told] == ["accepted", "exchange", "exchange"]
    assert [each.about for each in told] == ["", "1", "2"]
    assert told[0].messages[0].exchange == 1


def test_what_comes_too_late_comes_in_the_order_in_which_it_was_due(still: Simulator, told: list[Event]) -> None:
    wire = Wire(still)
    for minutes in ("3", "1", "2"):
        wire.call("sendmsg", TO, text=minutes, deliv_time=minutes, **WHO)
    still.clock.advance(hours=1)
    assert len(still.messages) == 3
    moved = [(each.messages[0].text, each.messages[0].status) for each in told if each.kind == "status"]
    assert moved == [(minutes, status) for minutes in "123" for status in ("008", "003", "004")]


def test_a_listener_may_ask_the_gateway_and_stop_listening(still: Simulator) -> None:
    seen: list[int] = []

    def listen(event: Event) -> None:
        if event.kind == "accepted":
            seen.append(len(still.gateway.messages))
            end()

    end = still.gateway.event_bus.subscribe(listen)
    wire = Wire(still)
    for _ in range(2):
        wire.call("sendmsg", TO, text="hi", **WHO)
    assert seen == [1]


def test_every_message_is_told_once_however_many_arrive_at_once(still: Simulator, told: list[Event]) -> None:
    wire = Wire(still)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: wire.call("sendmsg", TO, OTHER, text="hi", **WHO), range(50)))
    still.clock.advance(seconds=5)
    ids = [each.id for each in still.messages]
    accepted = [message.id for each in told if each.kind == "accepted" for message in each.messages]
    assert sorted(accepted) == sorted(ids)
    assert len(set(accepted)) == 100
    assert sorted(each.messages[0].id for each in told if each.kind == "status") == sorted(ids)


def test_what_was_noted_has_been_told_when_a_flush_returns_whoever_told_it() -> None:
    event_bus = EventBus()
    telling, go_on, heard = threading.Event(), threading.Event(), list[str]()

    def listen(event: Event) -> None:
        telling.set()
        assert go_on.wait(10)
        heard.append(event.about)

    event_bus.subscribe(listen)
    first = threading.Thread(target=event_bus.publish, args=(Event("callback", NOW, about="1"),))
    first.start()
    assert telling.wait(10)

    flushed: list[list[str]] = []

    def flush() -> None:
        event_bus.flush()
        flushed.append([*heard])

    second = threading.Thread(target=flush)
    second.start()
    go_on.set()
    first.join(10)
    second.join(10)
    assert flushed == [["1"]]


def test_a_listener_that_fails_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    event_bus = EventBus()
    heard: list[Event] = []

    def fail(_: Event) -> None:
        raise RuntimeError("a private matter")

    event_bus.subscribe(fail)
    event_bus.subscribe(heard.append)
    event_bus.publish(Event("reset", NOW))
    assert [each.kind for each in heard] == ["reset"]
    assert "RuntimeError" in caplog.text
    assert "a private matter" not in caplog.text
