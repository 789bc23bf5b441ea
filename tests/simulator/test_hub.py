"""News of the gateway reaches whoever listens."""

import threading
from datetime import UTC, datetime

import pytest

from clicksoap.simulator import Event
from clicksoap.simulator.gateway.hub import Hub

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_what_was_noted_has_been_told_when_a_flush_returns_whoever_told_it() -> None:
    hub = Hub()
    telling, go_on, heard = threading.Event(), threading.Event(), list[str]()

    def listen(event: Event) -> None:
        telling.set()
        assert go_on.wait(10)
        heard.append(event.about)

    hub.listen(listen)
    first = threading.Thread(target=hub.tell, args=(Event("callback", NOW, about="1"),))
    first.start()
    assert telling.wait(10)

    flushed: list[list[str]] = []

    def flush() -> None:
        hub.flush()
        flushed.append([*heard])

    second = threading.Thread(target=flush)
    second.start()
    go_on.set()
    first.join(10)
    second.join(10)
    assert flushed == [["1"]]


def test_a_listener_that_fails_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    hub = Hub()
    heard: list[Event] = []

    def fail(_: Event) -> None:
        raise RuntimeError("a private matter")

    hub.listen(fail)
    hub.listen(heard.append)
    hub.tell(Event("reset", NOW))
    assert [each.kind for each in heard] == ["reset"]
    assert "RuntimeError" in caplog.text
    assert "a private matter" not in caplog.text
