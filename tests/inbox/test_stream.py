"""Views that follow what happens, as a browser's EventSource gets them."""

import socket
import time
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import pytest

from clicksoap.simulator import Simulator

from .conftest import LATER, TO, Site, following


def listeners(sim: Simulator) -> int:
    """How many streams listen to the gateway."""
    names = [getattr(each, "__qualname__", "") for each in sim.gateway.event_bus._listeners]
    return sum(name.startswith("_EventStream") for name in names)


def keys(told: dict[str, Any]) -> list[str]:
    return [key for key, _ in told["order"]]


def test_a_view_comes_whole_and_then_as_it_changes(site: Site) -> None:
    site.send(TO, text="one")
    first = site.latest
    with following(site.sim, "of=messages") as stream:
        told = stream.next()
        assert keys(told) == [first.id]
        assert "one" in told["rows"][first.id]
        site.send(TO, text="<b>two")
        told = stream.until(lambda each: len(each["order"]) == 2)
        assert keys(told) == [site.latest.id, first.id]
        assert list(told["rows"]) == [site.latest.id]
        assert "&lt;b&gt;two" in told["rows"][site.latest.id]
        assert told["count"] == "2 messages"


def test_a_status_is_told_and_a_deleted_message_goes(site: Site) -> None:
    site.send(TO, text="one")
    message = site.latest
    with following(site.sim, "of=messages") as stream:
        assert "Accepted" in stream.next()["rows"][message.id]
        site.sim.gateway.set_status(message.id, "004")
        assert "Delivered" in stream.until(lambda each: each["rows"])["rows"][message.id]
        site.sim.gateway.delete([message.id])
        assert stream.until(lambda each: not each["order"])["count"] == "0 messages"


def test_statuses_come_by_themselves_as_the_clock_goes_on(site: Site) -> None:
    site.send(TO, text="one")
    with following(site.sim, f"of=message&id={site.latest.id}") as stream:
        assert "Accepted" in stream.next()["rows"]["state"]
        site.sim.clock.advance(hours=3)
        stream.until(lambda each: "Received on the handset" in each["rows"].get("state", ""))
        site.sim.reset()
        assert keys(stream.until(lambda each: keys(each) == ["gone"])) == ["gone"]


def test_a_search_follows_too(site: Site) -> None:
    with following(site.sim, "of=messages&q=status%3Adelivered") as stream:
        assert stream.next()["count"] == "0 of 0 found"
        site.send(TO, text="one")
        assert stream.until(lambda each: each["count"] == "0 of 1 found")["order"] == []
        site.sim.gateway.set_status(site.latest.id, "004")
        assert keys(stream.until(lambda each: each["order"])) == [site.latest.id]


def test_hundreds_of_messages_come_in_few_events_of_one_page(site: Site) -> None:
    with following(site.sim, "of=messages") as stream:
        stream.next()
        events = 0
        for _ in range(3):
            site.send(*(f"2782{number:07}" for number in range(300)), text="hello")
        told: dict[str, Any] = {"count": ""}
        while told["count"] != "900 messages":
            told = stream.next()
            events += 1
            assert len(told["order"]) <= 50
        assert events <= 20


def test_an_older_page_keeps_its_rows_and_hears_the_count(site: Site) -> None:
    site.send(*(f"2782{number:07}" for number in range(60)), text="hello")
    with following(site.sim, "of=messages&page=2") as stream:
        assert stream.next() == {"count": "60 messages", "refused": 0}


@pytest.mark.parametrize("of", ["traffic", "accounts"])
def test_requests_are_followed_in_other_views(site: Site, of: str) -> None:
    with following(site.sim, f"of={of}") as stream:
        assert stream.next()["order"] == []
        site.send(TO, text="hello")
        assert len(stream.until(lambda each: each["order"])["order"]) == 1


@pytest.mark.parametrize("of", ["callbacks", "handset"])
def test_a_view_of_nothing_is_empty(site: Site, of: str) -> None:
    with following(site.sim, f"of={of}") as stream:
        assert stream.next()["order"] == []


@pytest.mark.parametrize("query", ["", "of=", "of=secrets", "of=messages&q=colour%3Ared"])
def test_what_there_is_not_cannot_be_followed(site: Site, query: str) -> None:
    assert site.get(f"/events?{query}").status == 404
    assert listeners(site.sim) == 0


def test_nobody_listens_when_nobody_looks(site: Site) -> None:
    left = Event()
    unlisten = site.sim.gateway.event_bus.subscribe(lambda _: left.set() if not listeners(site.sim) else None)
    with following(site.sim, "of=messages") as stream:
        stream.next()
        assert listeners(site.sim) == 1
    deadline = time.monotonic() + 10
    while not left.is_set() and time.monotonic() < deadline:
        site.send(TO, text="hello")
    unlisten()
    assert listeners(site.sim) == 0


def test_the_server_stops_at_once_though_somebody_looks() -> None:
    sim = Simulator(settings=LATER)
    sim.start()
    with following(sim, "of=messages") as stream, following(sim, "of=traffic") as other:
        stream.next()
        other.next()
        began = time.monotonic()
        sim.stop()
        assert time.monotonic() - began < 2
        assert stream.reply.read().strip() == b""
    assert listeners(sim) == 0


def test_a_browser_that_does_not_read_holds_nobody_up() -> None:
    sim = Simulator(settings=LATER)
    sim.start()
    site = Site(sim)
    place = urlsplit(sim.origin)
    with socket.socket() as lazy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.connect((place.hostname, place.port))
        lazy.sendall(b"GET /events?of=messages HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        for _ in range(3):
            site.send(*(f"2782{number:07}" for number in range(300)), text="x" * 160)
        assert len(sim.messages) == 900
        began = time.monotonic()
        sim.stop()
        assert time.monotonic() - began < 2


def test_the_simulator_can_be_looked_at_again_after_a_restart(sim: Simulator) -> None:
    for _ in range(2):
        with following(sim, "of=messages") as stream:
            assert stream.next()["order"] == []
        sim.stop()
        sim.start()
