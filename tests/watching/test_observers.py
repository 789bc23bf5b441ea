"""An observer sees every exchange, with right counts, and changes nothing."""

import dataclasses
import logging
import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from rawserver import RawServer, reply

from clicksoap import AuthenticationError, ClicksoapError, Client, Exchange, OutcomeUnknown, State
from clicksoap.simulator import Simulator

A, B, REFUSED = "27821234567", "27831234567", "9991051234"

Connect = Callable[..., Client]


def facts(exchange: Exchange) -> tuple[Any, ...]:
    return (
        exchange.command,
        exchange.recipients,
        exchange.status,
        dict(exchange.outcomes),
        exchange.error,
        exchange.code,
    )


def test_every_exchange_is_seen_in_order(connect: Connect, gateway: Simulator, binding: str) -> None:
    seen: list[Exchange] = []
    sms = connect(gateway.origin, on_exchange=seen.append)
    sms.send([A, REFUSED, B], "hello")
    sms.balance()
    gateway.gateway.expire_sessions()
    sms.coverage(A)
    assert [facts(exchange) for exchange in seen] == [
        ("auth", 0, 200, {"answered": 1}, None, None),
        ("sendmsg", 3, 200, {"accepted": 2, "rejected": 1}, None, None),
        ("getbalance", 0, 200, {"answered": 1}, None, None),
        ("routecoverage", 0, 200, {"failed": 1}, "SessionExpired", "003"),
        ("auth", 0, 200, {"answered": 1}, None, None),
        ("routecoverage", 0, 200, {"answered": 1}, None, None),
    ]
    assert {exchange.binding for exchange in seen} == {binding}
    assert all(0 < exchange.seconds < 10 for exchange in seen)


def test_each_request_of_a_send_is_an_exchange(connect: Connect, gateway: Simulator) -> None:
    seen: list[Exchange] = []
    connect(gateway.origin, on_exchange=seen.append, max_recipients=2).send([A, B, A], "hello")
    assert [(each.command, each.recipients) for each in seen] == [("auth", 0), ("sendmsg", 2), ("sendmsg", 1)]


def test_a_lost_answer_is_seen_without_a_status(connect: Connect, gateway: Simulator) -> None:
    seen: list[Exchange] = []
    sms = connect(gateway.origin, on_exchange=seen.append)
    gateway.faults.lose_answer()
    with pytest.raises(OutcomeUnknown):
        sms.send([A, B], "hello")
    assert facts(seen[-1]) == ("sendmsg", 2, None, {"failed": 1}, "TransportLost", None)


def test_recipients_that_an_answer_leaves_untold_are_counted_as_unknown(connect: Connect, binding: str) -> None:
    seen: list[Exchange] = []
    lines = [f"ID: a1 To: {A}", "what?"]
    body = (
        "\n".join(lines)
        if binding == "http"
        else (
            '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><r>'
            + "".join(f"<return>{line}</return>" for line in lines)
            + "</r></s:Body></s:Envelope>"
        )
    )
    with (
        RawServer(lambda connection, _: connection.sendall(reply(body.encode()))) as server,
        pytest.raises(OutcomeUnknown),
    ):
        connect(server.origin, on_exchange=seen.append, auth="credentials").send([A, B], "hello")
    assert [facts(each) for each in seen] == [("sendmsg", 2, 200, {"accepted": 1, "unknown": 1}, None, None)]


def test_a_refused_login_is_seen_with_its_number(connect: Connect, gateway: Simulator) -> None:
    seen: list[Exchange] = []
    with pytest.raises(AuthenticationError):
        connect(gateway.origin, "wrong", on_exchange=seen.append).send(A, "hello")
    assert [facts(each) for each in seen] == [("auth", 0, 200, {"failed": 1}, "AuthenticationError", "001")]


def test_another_http_status_is_seen(connect: Connect) -> None:
    seen: list[Exchange] = []
    with (
        RawServer(lambda connection, _: connection.sendall(reply(b"", "404 Not Found"))) as server,
        pytest.raises(ClicksoapError),
    ):
        connect(server.origin, on_exchange=seen.append, auth="credentials").balance()
    assert [facts(each) for each in seen] == [("getbalance", 0, 404, {"failed": 1}, "ProtocolError", None)]


def test_an_exchange_holds_no_secret_number_or_text(connect: Connect, gateway: Simulator) -> None:
    seen: list[Exchange] = []
    sms = connect(gateway.origin, on_exchange=seen.append)
    sms.send([A, B], "Meet me at the pier")
    gateway.faults.lose_answer()
    with pytest.raises(OutcomeUnknown):
        sms.send(A, "Meet me at the pier")
    held = repr([dataclasses.asdict(each) for each in seen])
    for hidden in (A, B, "pier", "horse", "acme-user", "987654", *gateway.gateway._state.sessions._by_id):
        assert hidden not in held


@pytest.mark.parametrize("kind", [ValueError, ZeroDivisionError, OutcomeUnknown])
def test_an_observer_that_raises_changes_nothing(
    connect: Connect, gateway: Simulator, caplog: pytest.LogCaptureFixture, kind: type[Exception]
) -> None:
    def broken(_: Exchange) -> None:
        raise kind.__new__(kind, f"a secret of {A}")

    sms = connect(gateway.origin, on_exchange=broken)
    with caplog.at_level(logging.WARNING, "clicksoap"):
        assert [result.state for result in sms.send([A, REFUSED], "hello")] == [State.ACCEPTED, State.REJECTED]
    assert sms.balance() == 999
    assert len(gateway.gateway.messages) == 1
    warning = f"on_exchange raised {kind.__name__}; the exchange is not affected"
    assert [record.getMessage() for record in caplog.records if record.name == "clicksoap"] == [warning] * 3
    assert A not in caplog.text


def test_an_observer_that_raises_does_not_hide_the_error(connect: Connect, gateway: Simulator) -> None:
    def broken(_: Exchange) -> None:
        raise ValueError

    sms = connect(gateway.origin, on_exchange=broken)
    gateway.faults.lose_answer()
    with pytest.raises(OutcomeUnknown) as lost:
        sms.send(A, "hello")
    assert lost.value.report is not None
    assert lost.value.report[0].state is State.UNKNOWN


def test_an_observer_that_interrupts_leaves_the_message_unknown_and_tells(connect: Connect, gateway: Simulator) -> None:
    def interrupting(exchange: Exchange) -> None:
        if exchange.command == "sendmsg":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as pressed:
        connect(gateway.origin, on_exchange=interrupting).send(A, "hello")
    report: Any = getattr(pressed.value, "report", None)
    assert [result.state for result in report] == [State.UNKNOWN]


def test_an_observer_may_use_the_client_itself(connect: Connect, gateway: Simulator) -> None:
    balances: list[object] = []

    def ask(exchange: Exchange) -> None:
        if exchange.command == "sendmsg":
            balances.append(sms.balance())

    sms = connect(gateway.origin, on_exchange=ask)
    sms.send(A, "hello")
    assert balances == [999]


def test_the_observer_is_called_in_the_thread_of_the_call(connect: Connect, gateway: Simulator) -> None:
    threads: list[int] = []
    sms = connect(gateway.origin, on_exchange=lambda _: threads.append(threading.get_ident()))
    worker = threading.Thread(target=sms.balance)
    worker.start()
    worker.join()
    assert set(threads) == {worker.ident}


class Meter:
    """What a metrics library gives: counters and histograms with attributes."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str, str]] = Counter()
        self.durations: defaultdict[tuple[str, str], list[float]] = defaultdict(list)

    def add(self, amount: int, attributes: dict[str, str]) -> None:
        self.counts[attributes["command"], attributes["binding"], attributes["outcome"]] += amount

    def record(self, seconds: float, attributes: dict[str, str]) -> None:
        self.durations[attributes["command"], attributes["binding"]].append(seconds)


def test_metrics_take_ten_lines(connect: Connect, gateway: Simulator, binding: str) -> None:
    meter = Meter()

    def measure(exchange: Exchange) -> None:
        attributes = {"command": exchange.command, "binding": exchange.binding}
        if exchange.error:
            attributes["error"] = exchange.error
        meter.record(exchange.seconds, attributes)
        for outcome, count in exchange.outcomes.items():
            meter.add(count, {**attributes, "outcome": outcome})

    sms = connect(gateway.origin, on_exchange=measure)
    for _ in range(3):
        sms.send([A, B, REFUSED], "hello")
    assert meter.counts == {
        ("auth", binding, "answered"): 1,
        ("sendmsg", binding, "accepted"): 6,
        ("sendmsg", binding, "rejected"): 3,
    }
    assert len(meter.durations["sendmsg", binding]) == 3
