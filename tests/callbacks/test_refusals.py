"""The log and the counter of refused requests: a flood does not fill the log, and no secret stands in either."""

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


METRIC = "clicksoap_callbacks_refused_total"
REASONS = ("address", "path", "login", "method", "large_headers", "long_query", "large_body", "slow_body", "unreadable")


def counted(callbacks: Callbacks) -> dict[str, int]:
    """The reasons with a refusal. Every line of the metrics has to be one of these."""
    help_, kind, *samples = callbacks.metrics().splitlines()
    assert (help_, kind) == (f"# HELP {METRIC} Refused requests by reason.", f"# TYPE {METRIC} counter")
    found = dict(zip(REASONS, (int(each.partition(" ")[2]) for each in samples), strict=True))
    assert samples == [f'{METRIC}{{reason="{reason}"}} {count}' for reason, count in found.items()]
    return {reason: count for reason, count in found.items() if count}


@pytest.mark.parametrize(
    ("reason", "refused"),
    [
        ("address", CallbackRequest("GET", peer="203.0.113.9")),
        ("path", CallbackRequest("GET", path="/guess", peer="192.0.2.1")),
        ("login", CallbackRequest("GET", path=PATH, peer="192.0.2.1")),
    ],
)
def test_a_refused_caller_is_counted_by_the_check_alone(reason: str, refused: CallbackRequest) -> None:
    callbacks = Callbacks(allow=["192.0.2.1"], secret_path=PATH, users={"gateway": "the-right-one"})
    assert counted(callbacks) == {}
    for times in (1, 2):
        callbacks.handle(refused)
        assert counted(callbacks) == {reason: times}


@pytest.mark.parametrize(
    ("reason", "refused"),
    [
        ("method", CallbackRequest("PUT")),
        ("large_headers", CallbackRequest("GET", headers={"x": "y" * 33_000})),
        ("long_query", CallbackRequest("GET", b"x" * 65_537)),
        ("large_body", CallbackRequest("POST", headers={"content-length": "65537"})),
        ("large_body", CallbackRequest("POST", body=b"x" * 65_537)),
        ("unreadable", CallbackRequest("GET", b"apiMsgId=27820000001&status=999999")),
    ],
)
def test_a_refused_request_is_counted_and_logged_once(
    reason: str, refused: CallbackRequest, caplog: pytest.LogCaptureFixture
) -> None:
    callbacks = Callbacks(anybody=True)
    assert callbacks.handle(CallbackRequest("GET")).status == 200  # a probe
    assert counted(callbacks) == {}
    assert callbacks.handle(refused).status >= 400
    assert counted(callbacks) == {reason: 1}
    assert len(lines(caplog)) == 1


def test_a_flood_is_counted_whole(clock: Clock) -> None:
    callbacks = Callbacks(users={"gateway": "the-right-one"}, clock=clock)
    for _ in range(1000):
        callbacks.handle(request())
    assert counted(callbacks) == {"login": 1000}


def test_a_flood_of_unreadable_callbacks_is_one_line_with_the_reason_and_the_address(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    callbacks = Callbacks(anybody=True, clock=clock)
    for _ in range(100):
        assert callbacks.handle(CallbackRequest("GET", b"status=004", peer="203.0.113.9")).status == 400
    (line,) = lines(caplog)
    assert line.startswith("a request from 203.0.113.9 was refused: 400, ")
    assert "timestamp is missing" in line
    assert counted(callbacks) == {"unreadable": 100}


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
