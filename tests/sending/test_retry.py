"""What is tried again, how often, after which pauses; counted where the requests arrive."""

import random
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest
from rawserver import envelope, reply, reset

from clicksoap import (
    ClicksoapError,
    Client,
    ConfigurationError,
    Exchange,
    GatewayFailure,
    NotSent,
    OutcomeUnknown,
    ProtocolError,
    Retry,
    SoapFault,
    State,
    Timeout,
    TransportError,
    TransportLost,
    UnknownMessage,
    report_of,
)
from clicksoap.errors import GatewayError
from clicksoap.protocol.effects import Send
from clicksoap.protocol.operations import Effect
from clicksoap.protocol.wire import WireReply
from clicksoap.simulator import Simulator
from clicksoap.testing import without_pauses
from clicksoap.transports.driver import Driver

TO = "27821234567"

Connect = Callable[..., Client]
Scripted = Callable[..., Any]


def status(line: str, *headers: str) -> bytes:
    return reply(b"", line, headers=headers)


def drop(connection: socket.socket, _: object) -> None:
    reset(connection)


FAULT = reply(
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>'
    b"<faultcode>s:Server</faultcode><faultstring>busy</faultstring></s:Fault></s:Body></s:Envelope>",
    "500 Internal Server Error",
)
PASSING: dict[str, Any] = {
    "502": status("502 Bad Gateway"),
    "503": status("503 Service Unavailable"),
    "504": status("504 Gateway Timeout"),
    "429": status("429 Too Many Requests"),
    "429, at once": status("429 Too Many Requests", "Retry-After: 0"),
    "429, 5 s": status("429 Too Many Requests", "Retry-After: 5"),
    "503, past": status("503 Service Unavailable", "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT"),
    "503, nonsense": status("503 Service Unavailable", "Retry-After: soon"),
    "901": "ERR: 901, Internal error, please retry",
    "reset": drop,
}
LASTING: dict[str, Any] = {
    "400": status("400 Bad Request"),
    "404": status("404 Not Found"),
    "500": status("500 Internal Server Error"),
    "301": status("301 Moved Permanently", "Location: http://localhost/elsewhere"),
    "429, 1000 s": status("429 Too Many Requests", "Retry-After: 1000"),
    "503, 31 s": status("503 Service Unavailable", "Retry-After: 31"),
    "no answer": reply(b""),
    "strange": "Hello",
    "105": "ERR: 105, Invalid Destination Address",
    "without number": "ERR: no",
}
HARMLESS: dict[str, Callable[[Client], object]] = {
    "ping": Client.ping,
    "getbalance": Client.balance,
    "querymsg": lambda sms: sms.status("a1"),
    "delmsg": lambda sms: sms.stop("a1"),
    "getmsgcharge": lambda sms: sms.charge("a1"),
    "routecoverage": lambda sms: sms.coverage(TO),
    "startbatch": lambda sms: sms.batch("hello").__enter__(),
}


@pytest.mark.parametrize("answer", PASSING)
def test_a_harmless_command_is_tried_four_times(scripted: Scripted, answer: str) -> None:
    sms, script = scripted(getbalance=PASSING[answer])
    with pytest.raises((ProtocolError, TransportError, GatewayFailure)) as failed:
        sms.balance()
    assert script.arrivals["getbalance"] == 4
    assert failed.value.retryable
    assert not failed.value.may_have_taken_effect


@pytest.mark.parametrize("command", HARMLESS)
def test_every_harmless_command_is_one(scripted: Scripted, command: str) -> None:
    sms, script = scripted(**{command: PASSING["503"]})
    with pytest.raises(ProtocolError, match="503"):
        HARMLESS[command](sms)
    assert script.arrivals[command] == 4


def test_a_login_is_a_harmless_command(scripted: Scripted) -> None:
    sms, script = scripted(auth=PASSING["503"])
    with pytest.raises(ProtocolError, match="503"):
        sms.authenticate()
    assert script.arrivals["auth"] == 4


@pytest.mark.parametrize("answer", PASSING)
def test_what_passes_ends_in_the_answer(scripted: Scripted, answer: str) -> None:
    sms, script = scripted(getbalance=[PASSING[answer], PASSING[answer], "Credit: 7"])
    assert sms.balance() == 7
    assert script.arrivals["getbalance"] == 3


@pytest.mark.parametrize("answer", LASTING)
def test_what_will_not_pass_is_not_tried_again(scripted: Scripted, answer: str) -> None:
    sms, script = scripted(getbalance=LASTING[answer])
    with pytest.raises(ClicksoapError):
        sms.balance()
    assert script.arrivals["getbalance"] == 1


def test_a_fault_of_the_server_is_not_tried_again(scripted: Scripted, binding: str) -> None:
    sms, script = scripted(getbalance=FAULT)
    with pytest.raises(ProtocolError if binding == "http" else SoapFault):
        sms.balance()
    assert script.arrivals["getbalance"] == 1


def test_without_retry_nothing_is_tried_again(scripted: Scripted) -> None:
    sms, script = scripted({"retry": None}, getbalance=PASSING["503"], sendmsg=PASSING["429"])
    with pytest.raises(ProtocolError):
        sms.balance()
    with pytest.raises(NotSent):
        sms.send(TO, "hello")
    assert (script.arrivals["getbalance"], script.arrivals["sendmsg"]) == (1, 1)


def test_the_number_of_tries_can_be_chosen(scripted: Scripted) -> None:
    sms, script = scripted({"retry": Retry(attempts=7)}, getbalance=PASSING["503"])
    with pytest.raises(ProtocolError):
        sms.balance()
    assert script.arrivals["getbalance"] == 7


@pytest.mark.parametrize("answer", ["429", "429, at once", "429, 5 s"])
def test_a_send_that_certainly_was_not_carried_out_is_tried_again(scripted: Scripted, answer: str) -> None:
    sms, script = scripted(sendmsg=[PASSING[answer], PASSING[answer], f"ID: a1 To: {TO}"])
    (result,) = sms.send(TO, "hello")
    assert (result.state, result.message_id) == (State.ACCEPTED, "a1")
    assert script.arrivals["sendmsg"] == 3
    names = {name: set(map(str, values)) for asked in script.of("sendmsg") for name, values in asked.items()}
    ids = next(values for name, values in names.items() if name.lower() == "climsgid")
    assert len(ids) == 1


def test_a_send_that_is_refused_as_often_as_it_is_tried_is_not_sent(scripted: Scripted) -> None:
    sms, script = scripted(sendmsg=PASSING["429"])
    with pytest.raises(NotSent) as failed:
        sms.send([TO, TO], "hello")
    assert script.arrivals["sendmsg"] == 4
    assert failed.value.retryable
    assert failed.value.report is not None
    assert len(failed.value.report.not_sent) == 2


@pytest.mark.parametrize("answer", ["502", "503", "504", "503, past", "reset"])
def test_a_send_that_may_have_been_carried_out_is_never_tried_again(scripted: Scripted, answer: str) -> None:
    sms, script = scripted(sendmsg=PASSING[answer])
    with pytest.raises(OutcomeUnknown):
        sms.send(TO, "hello")
    assert script.arrivals["sendmsg"] == 1


@pytest.mark.parametrize("answer", ["400", "404", "429, 1000 s", "301"])
def test_a_send_that_will_not_pass_is_not_tried_again(scripted: Scripted, answer: str) -> None:
    sms, script = scripted(sendmsg=LASTING[answer])
    with pytest.raises(NotSent):
        sms.send(TO, "hello")
    assert script.arrivals["sendmsg"] == 1


def test_901_on_a_send_is_a_refusal_and_never_tried_again(scripted: Scripted) -> None:
    sms, script = scripted(sendmsg=PASSING["901"])
    with pytest.raises(GatewayFailure) as failed:
        sms.send(TO, "hello")
    assert [result.state for result in failed.value.report] == [State.REJECTED]
    assert not failed.value.retryable  # nobody can tell what the gateway did before its error
    assert script.arrivals["sendmsg"] == 1


@pytest.mark.parametrize("answer", ["503", "901", "reset"])
def test_a_voucher_that_may_have_been_redeemed_is_never_tried_again(scripted: Scripted, answer: str) -> None:
    sms, script = scripted(token_pay=PASSING[answer])
    with pytest.raises((OutcomeUnknown, GatewayFailure)) as failed:
        sms.redeem("1234567890123456")
    assert not failed.value.retryable
    assert not failed.value.report
    assert script.arrivals["token_pay"] == 1


def test_a_voucher_that_certainly_was_not_redeemed_is_tried_again(scripted: Scripted) -> None:
    sms, script = scripted(token_pay=[PASSING["429"], "OK: 605"])
    sms.redeem("1234567890123456")
    assert script.arrivals["token_pay"] == 2


def test_a_login_that_failed_lets_the_send_be_tried_again(scripted: Scripted) -> None:
    sms, script = scripted(auth=[PASSING["503"], drop, "OK: 5e55104d5e55104d"])
    assert sms.send(TO, "hello").accepted
    assert (script.arrivals["auth"], script.arrivals["sendmsg"]) == (3, 1)


def test_a_gateway_that_comes_back_gets_the_message_once(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    refused: list[Exchange] = []
    gateway = Simulator(port=port)

    def come_back(exchange: Exchange) -> None:
        if exchange.error:
            refused.append(exchange)
        if len(refused) == 2 and exchange.error:
            gateway.start()

    try:
        sms = connect(f"http://127.0.0.1:{port}", on_exchange=come_back)
        assert sms.send(TO, "hello").accepted
    finally:
        gateway.stop()
    assert len(gateway.gateway.messages) == 1
    assert {exchange.error for exchange in refused} == {"TransportLost"}
    assert len(refused) == 2


def test_a_gateway_that_stays_away_is_tried_four_times(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    tries: list[Exchange] = []
    with pytest.raises(NotSent) as failed:
        connect(f"http://127.0.0.1:{port}", on_exchange=tries.append, auth="credentials").send([TO], "hello")
    assert [(each.command, each.error) for each in tries] == [("sendmsg", "TransportLost")] * 4
    assert failed.value.retryable
    assert not failed.value.may_have_taken_effect


def test_a_pause_beyond_the_total_time_is_not_begun(scripted: Scripted) -> None:
    sms, script = scripted({"timeout": Timeout(total=4)}, getbalance=PASSING["429, 5 s"])
    with pytest.raises(ProtocolError, match="429"):
        sms.balance()
    assert script.arrivals["getbalance"] == 1


def test_a_pause_waits_by_the_sleep_that_the_client_was_given(scripted: Scripted) -> None:
    """The pauses themselves are long, and nothing of the test waits for them."""
    slept: list[float] = []
    retry = Retry(attempts=3, first_pause=7, longest_pause=7, longest_retry_after=0)
    sms, script = scripted({"retry": retry}, getbalance=["Credit: 1", PASSING["503"], PASSING["503"], "Credit: 7"])
    sms.balance()
    assert sms.with_options(sleep=slept.append).balance() == 7
    assert script.arrivals["getbalance"] == 4
    assert len(slept) == 2
    assert all(3.5 <= pause <= 7 for pause in slept)


def test_a_worker_that_is_told_to_stop_does_not_sit_out_a_pause(scripted: Scripted) -> None:
    """What the sleep raises ends the call at once, and the report says that nothing was sent."""

    class Stopped(Exception):
        pass

    def stop(_: float) -> None:
        raise Stopped

    sms, script = scripted({"retry": Retry(first_pause=60)}, sendmsg=PASSING["429"])
    with pytest.raises(Stopped) as stopped:
        sms.with_options(sleep=stop).send([TO], "hello")
    report = report_of(stopped.value)
    assert report is not None
    assert [result.state for result in report] == [State.NOT_SENT]
    assert script.arrivals["sendmsg"] == 1


def test_without_pauses_takes_the_pauses_out_and_puts_them_back() -> None:
    """The fixture of all tests has taken them out already: what it put in place is what comes back."""
    before = Driver.sleep
    with without_pauses():
        Driver.sleep(3600)
    assert Driver.sleep is before
    with pytest.raises(ZeroDivisionError), without_pauses():
        raise ZeroDivisionError
    assert Driver.sleep is before


def test_pauses_are_kept_where_no_test_takes_them_out() -> None:
    program = (
        "import time; from clicksoap.transports.driver import Driver\n"
        "time.sleep = lambda seconds: print('slept', seconds)\n"
        "Driver.sleep(7)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "slept 7"


LOST = TransportLost("it was lost", may_have_left=True)


def pauses(retry: Retry, tries: int) -> list[float]:
    found = [retry.pause_after(LOST, Effect.NONE, tries) for _ in range(400)]
    assert None not in found
    return [pause for pause in found if pause is not None]


def test_pauses_grow_and_are_shortened_at_random_by_up_to_a_half() -> None:
    random.seed(4711)
    retry = Retry(attempts=10)
    for tries, longest in ((1, 0.5), (2, 1), (3, 2), (4, 4), (5, 8), (6, 8), (9, 8)):
        found = pauses(retry, tries)
        assert longest / 2 <= min(found) < longest * 0.55
        assert longest * 0.95 < max(found) <= longest
        assert len(set(found)) > 300


def test_a_pause_of_nothing_is_nothing() -> None:
    assert set(pauses(Retry(first_pause=0), 1)) == {0}
    assert set(pauses(Retry(longest_pause=0), 3)) == {0}


def test_pauses_stay_bounded_however_often_it_is_tried() -> None:
    for first in (0.0, 1e-9, 1.0, 1e9):
        assert max(pauses(Retry(attempts=10**6, first_pause=first, longest_pause=2), 99_999)) <= 2


@pytest.mark.parametrize(
    ("asked", "pause"), [(0, 0), (5, 5), (30, 30), (30.5, None), (1000, None), (None, pytest.approx(0.375, abs=0.126))]
)
def test_a_wait_that_the_server_asks_for_is_kept_up_to_thirty_seconds(asked: float | None, pause: float | None) -> None:
    for status_ in (429, 502, 503, 504):
        error = ProtocolError("busy", status=status_, may_have_taken_effect=False, retry_after=asked)
        assert Retry().pause_after(error, Effect.NONE, 1) == pause
        assert Retry().pause_after(error, Effect.ONCE, 1) == pause


def test_a_wait_can_be_told_as_a_date(scripted: Scripted) -> None:
    far = format_datetime(datetime(2999, 1, 1, tzinfo=UTC), usegmt=True)
    sms, script = scripted(getbalance=status("503 Service Unavailable", f"Retry-After: {far}"))
    with pytest.raises(ProtocolError) as failed:
        sms.balance()
    assert failed.value.retry_after is not None
    assert failed.value.retry_after > 10**9
    assert script.arrivals["getbalance"] == 1


def test_the_last_try_is_the_last() -> None:
    assert Retry(attempts=1).pause_after(LOST, Effect.NONE, 1) is None
    assert Retry().pause_after(LOST, Effect.NONE, 3) is not None
    assert Retry().pause_after(LOST, Effect.NONE, 4) is None


@pytest.mark.parametrize(
    ("error", "effects"),
    [
        (TransportLost("refused", may_have_left=False), {*Effect}),
        (TransportLost("reset", may_have_left=True), {Effect.NONE, Effect.IDEMPOTENT}),
        (TransportError("TLS", may_have_left=False, retryable=False), set()),
        (ProtocolError("x", status=503), {Effect.NONE, Effect.IDEMPOTENT}),
        (ProtocolError("x", status=429, may_have_taken_effect=False), {*Effect}),
        (ProtocolError("x", status=408, may_have_taken_effect=False), set()),
        (ProtocolError("x", status=500), set()),
        (ProtocolError("x"), set()),
        (GatewayError.of("901", ""), {Effect.NONE, Effect.IDEMPOTENT}),
        (GatewayError.of("001", ""), set()),
        (GatewayError.of("130", ""), set()),
        (GatewayError.of(None, ""), set()),
        (UnknownMessage("104", ""), set()),
        (SoapFault("Server", ""), set()),
    ],
    ids=range(14),
)
def test_whether_to_try_again_is_decided_by_what_it_would_cost(error: ClicksoapError, effects: set[Effect]) -> None:
    assert {effect for effect in Effect if Retry().pause_after(error, effect, 1) is not None} == effects


@pytest.mark.parametrize(
    ("named", "words"),
    [
        *(
            ({"attempts": wrong}, r"Retry\(attempts=\.\.\.\) is not a whole number from 1: give one")
            for wrong in (0, -1, 1.0, True)
        ),
        *(
            ({name: wrong}, rf"Retry\({name}=\.\.\.\) is not a number of seconds from 0: give one")
            for name in ("first_pause", "longest_pause", "longest_retry_after")
            for wrong in (-1, float("inf"), float("nan"), "1", None, True, 10**400)
        ),
    ],
    ids=repr,
)
def test_a_retry_that_cannot_be_is_refused(named: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        Retry(**named)


def test_the_defaults_are_those_of_the_documents() -> None:
    assert Retry() == Retry(attempts=4, first_pause=0.5, longest_pause=8, longest_retry_after=30)


def test_closing_a_batch_is_tried_again_and_its_failure_told_to_nobody(scripted: Scripted) -> None:
    sms, script = scripted(startbatch="ID: b1", endbatch=PASSING["503"])
    with sms.batch("hello"):
        pass
    assert script.arrivals["endbatch"] == 4


def test_reading_an_envelope_that_tells_nothing_is_not_tried_again(scripted: Scripted, binding: str) -> None:
    empty = reply(b"", content_type="text/plain") if binding == "http" else reply(envelope())
    sms, script = scripted(getbalance=empty)
    with pytest.raises(ProtocolError):
        sms.balance()
    assert script.arrivals["getbalance"] == 1


def test_all_tries_of_a_request_share_one_deadline(make_flow: Callable[..., Any]) -> None:
    """A try that began late got the whole of Timeout.total again, so that a send could take twice as long."""
    flow = make_flow(TO, "hello")
    deadlines: list[float] = []
    effect = next(flow)
    while len(deadlines) < 3:
        if isinstance(effect, Send):
            deadlines.append(effect.deadline)
            effect = flow.send(WireReply(429, {}, b"", 0.0))
        else:
            effect = flow.send(None)
    flow.close()
    assert len(set(deadlines)) == 1


@pytest.fixture
def make_flow(binding: str) -> Iterator[Callable[..., Any]]:
    with Client(1, "acme", "secret", endpoint="http://127.0.0.1:9", binding=binding, auth="credentials") as sms:  # type: ignore[arg-type]
        yield lambda to, text: sms._core.send(to, text, {})


@pytest.mark.parametrize(
    "value",
    [
        "Wed, 21 Oct 2026 07:28:00 +99999999999999999999",
        "Wed, 21 Oct 99999 07:28:00 GMT",
        "9" * 400,
        "\N{SUPERSCRIPT TWO}",
        "-1",
        "nan",
        "1e400",
        "soon",
        "Wed, 31 Feb 2026 07:28:00 GMT",
        ",,,,",
    ],
)
def test_a_retry_after_that_cannot_be_is_no_reason_to_lose_a_certain_refusal(scripted: Scripted, value: str) -> None:
    sms, script = scripted(
        {"retry": Retry(attempts=2)}, sendmsg=reply(b"", "429 Busy", headers=(f"Retry-After: {value}",))
    )
    with pytest.raises(NotSent, match="429"):
        sms.send(TO, "hello")
    assert script.arrivals["sendmsg"] in {1, 2}
