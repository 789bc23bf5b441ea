"""The log of refused requests: one line tells of them, a flood does not fill it, and no secret stands in it."""

import base64
import logging
from dataclasses import dataclass

import pytest

from clicksoap.callbacks import CallbackRequest, Callbacks

PATH = "/hooks/0f8e2a6b4c1d9357"


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def request(path: str = PATH, password: str = "a-wrong-one", peer: str | None = "203.0.113.9") -> CallbackRequest:
    login = base64.b64encode(f"gateway:{password}".encode()).decode()
    return CallbackRequest("GET", b"", {"authorization": f"Basic {login}"}, b"", path, peer)


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    assert {(each.name, each.levelno) for each in caplog.records} <= {("clicksoap.callbacks", logging.WARNING)}
    found = [each.getMessage() for each in caplog.records]
    caplog.clear()
    return found


def test_a_refusal_is_told_with_its_status_and_address_and_without_secrets(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    callbacks = Callbacks(users={"gateway": "the-right-one"}, secret_path=PATH, clock=clock)
    assert callbacks.handle(request()).status == 401
    assert lines(caplog) == ["a request from 203.0.113.9 was refused: 401, user or password is wrong"]
    assert callbacks.handle(request("/hooks/nearly-right")).status == 404
    assert lines(caplog) == ["a request from 203.0.113.9 was refused: 404, not found"]
    assert callbacks.handle(request(password="the-right-one")).status == 200
    assert lines(caplog) == []


def test_an_address_that_may_not_call_is_told(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    assert Callbacks(allow=["192.0.2.1"], clock=clock).handle(request()).status == 403
    assert lines(caplog) == ["a request from 203.0.113.9 was refused: 403, this address may not call here"]


@pytest.mark.parametrize(
    ("peer", "named"),
    [(None, "a Unix socket"), ("nonsense\nWARNING", "an unknown address"), ("::ffff:203.0.113.9", "203.0.113.9")],
)
def test_what_is_no_address_is_not_repeated(
    peer: str | None, named: str, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    Callbacks(users={"gateway": "the-right-one"}, clock=clock).handle(request(peer=peer))
    assert lines(caplog) == [f"a request from {named} was refused: 401, user or password is wrong"]


def test_the_address_behind_a_trusted_proxy_is_told(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    callbacks = Callbacks(allow=["192.0.2.1"], trusted_proxies=["10.0.0.0/8"], clock=clock)
    headers = {"x-forwarded-for": "203.0.113.9"}
    callbacks.handle(CallbackRequest("GET", headers=headers, peer="10.0.0.1"))
    assert "from 203.0.113.9 " in lines(caplog)[0]


def test_a_flood_of_one_status_is_one_line_a_minute_and_hides_no_other(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    callbacks = Callbacks(users={"gateway": "the-right-one"}, secret_path=PATH, clock=clock)
    for _ in range(1000):
        callbacks.handle(request("/guess"))
    assert len(lines(caplog)) == 1
    callbacks.handle(request())
    assert len(lines(caplog)) == 1
    clock.now += 59
    callbacks.handle(request("/guess"))
    assert lines(caplog) == []
    clock.now += 1
    callbacks.handle(request("/guess"))
    assert lines(caplog) == [
        "a request from 203.0.113.9 was refused: 404, not found; so were 1000 more since the last such line"
    ]
    clock.now += 60
    callbacks.handle(request("/guess"))
    assert lines(caplog) == ["a request from 203.0.113.9 was refused: 404, not found"]
