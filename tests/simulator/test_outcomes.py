"""What the client makes of every fault, over every binding, and whether the gateway kept the message."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from clicksoap import Client, GatewayError, NotSent, OutcomeUnknown, SendReport, State, Timeout, TransportTimeout
from clicksoap.simulator import Simulator
from clicksoap.simulator.faults.kinds import KINDS, FaultKindName
from clicksoap.simulator.faults.magic import MAGIC, MAGIC_PREFIX

TO = "27821234567"
UNKNOWN, NOT_SENT, REFUSED, SENT = "unknown", "not sent", "refused", "sent"

# Of each kind, as it is and with carried_out turned round: what the client tells.
TOLD: dict[FaultKindName, tuple[str, str]] = {
    "delay": (UNKNOWN, UNKNOWN),
    "status": (UNKNOWN, UNKNOWN),
    "fault": (UNKNOWN, UNKNOWN),
    "error": (REFUSED, REFUSED),
    "session": (SENT, SENT),  # the client logs in and asks again
    "html": (UNKNOWN, UNKNOWN),
    "malformed": (UNKNOWN, UNKNOWN),
    "truncated": (UNKNOWN, UNKNOWN),
    "empty": (UNKNOWN, UNKNOWN),
    "charset": (UNKNOWN, UNKNOWN),
    "gzip": (UNKNOWN, UNKNOWN),
    "trickle": (UNKNOWN, UNKNOWN),
    "reset": (UNKNOWN, UNKNOWN),
}
NEEDED: dict[str, Any] = {"seconds": 600, "bytes_per_second": 1}
SLOW = ("delay", "trickle")
BY_HTTP = {("fault", UNKNOWN): REFUSED}  # the HTTP API knows no faults

MAGIC_TOLD = {
    "001": (UNKNOWN, False),
    "010": (SENT, True),
    "011": (UNKNOWN, False),
    "012": (NOT_SENT, False),
    "901": (REFUSED, False),
    **dict.fromkeys(("301", "400", "401", "404", "413", "429"), (NOT_SENT, False)),
    **dict.fromkeys(("302", "403", "408", "500", "502", "503", "504"), (UNKNOWN, False)),
    **dict.fromkeys(("002", "003", "004", "005", "006", "007", "008", "009"), (UNKNOWN, True)),
    **dict.fromkeys(("101", "102", "105", "110", "130", "160"), (UNKNOWN, True)),
}
MAGIC_BY_HTTP = {"011": (REFUSED, False), "012": (REFUSED, False)}


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture(params=["document_literal", "rpc_encoded", "http"])
def binding(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def sms(sim: Simulator, binding: Any) -> Iterator[Client]:
    with Client(7, "acme", "secret", endpoint=sim.origin, binding=binding) as client:
        client.balance()
        yield client


def told(sms: Client, to: str = TO) -> tuple[str, SendReport | None]:
    try:
        report = sms.send(to, "hello")
    except OutcomeUnknown as error:
        return UNKNOWN, error.report
    except NotSent as error:
        return NOT_SENT, error.report
    except GatewayError as error:
        return REFUSED, error.report
    return SENT, report


@contextmanager
def logged_in(sim: Simulator, binding: Any, timeout: Timeout) -> Iterator[Client]:
    """A client that has a session."""
    with Client(7, "acme", "secret", endpoint=sim.origin, binding=binding, timeout=timeout) as sms:
        for _ in range(60):
            with suppress(TransportTimeout):  # of a busy machine
                sms.balance()
                break
        yield sms


def told_in_time(sim: Simulator, binding: Any, kind: FaultKindName, to: str = TO) -> tuple[str, SendReport | None]:
    """The outcome of a send, whose time limit is a tenth of a second if the gateway is slow for minutes.

    A busy machine may need more than that before the request leaves; the next try then has a longer limit.
    """
    for seconds in (0.1, 0.5, 2.5) if kind in SLOW else (Timeout().total,):
        with logged_in(sim, binding, Timeout(total=seconds)) as sms:
            outcome = told(sms, to)
        if outcome[0] != NOT_SENT:
            break
    return outcome


def kept(sim: Simulator, expected: int) -> list[str]:
    """Whom messages went to, as soon as there are so many: a caller in a hurry is faster than the gateway."""
    deadline = time.monotonic() + 30
    while len(sim.messages) < expected and time.monotonic() < deadline:
        time.sleep(0.001)
    return [each.to for each in sim.messages]


@pytest.mark.parametrize("is_usual", [True, False], ids=["usual", "turned_round"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_client_tells_no_lie_about_a_fault(
    sim: Simulator, binding: Any, kind: FaultKindName, *, is_usual: bool
) -> None:
    about = KINDS[kind]
    carried_out = about.carried_out if is_usual else not about.carried_out
    expected = TOLD[kind][not is_usual]
    if binding == "http":
        expected = BY_HTTP.get((kind, expected), expected)
    needed: dict[str, Any] = {name: NEEDED[name] for name in about.required}
    sim.faults.add(kind, command="sendmsg", times=1, carried_out=carried_out, **needed)
    outcome, report = told_in_time(sim, binding, kind)
    assert outcome == expected
    is_kept = carried_out or outcome == SENT
    assert kept(sim, is_kept) == [TO] * is_kept
    assert [each.hits for each in sim.faults.rules] == [1]
    if outcome == UNKNOWN:
        assert report is not None
        with Client(7, "acme", "secret", endpoint=sim.origin, binding=binding) as later:
            (found,) = later.reconcile(report, believe_after=0)
        assert found.state == (State.ACCEPTED if carried_out else State.NOT_SENT)
        assert found.message_ids == tuple(each.id for each in sim.messages)


def test_a_message_whose_answer_was_lost_is_there_and_found_and_sent_only_once(sim: Simulator, sms: Client) -> None:
    sim.faults.add("reset", command="sendmsg", times=1)
    outcome, report = told(sms)
    assert outcome == UNKNOWN
    assert report is not None
    (message,) = sim.messages
    assert (message.to, message.text) == (TO, "hello")
    (found,) = sms.reconcile(report)
    assert (found.state, found.message_id) == (State.ACCEPTED, message.id)
    assert len(sim.messages) == 1
    lost = [each for each in sim.exchanges.latest() if each.fault]
    assert [(each.command, each.status, each.number) for each in lost] == [("sendmsg", None, message.exchange)]
    assert message.id in lost[0].reply


def test_a_message_that_never_reached_the_gateway_is_known_not_to_be_sent(sim: Simulator, sms: Client) -> None:
    sim.faults.add("reset", command="sendmsg", times=1, carried_out=False)
    outcome, report = told(sms)
    assert (outcome, sim.messages) == (UNKNOWN, [])
    assert report is not None
    assert [each.state for each in sms.reconcile(report, believe_after=0)] == [State.NOT_SENT]


def test_all_magic_numbers_are_in_the_table() -> None:
    assert set(MAGIC_TOLD) == set(MAGIC)
    assert {magic.rule.kind for magic in MAGIC.values()} == set(KINDS)


@pytest.mark.parametrize("digits", MAGIC)
def test_a_magic_number_is_a_fault_without_a_rule(sim: Simulator, binding: Any, digits: str) -> None:
    expected = MAGIC_TOLD[digits]
    if binding == "http":
        expected = MAGIC_BY_HTTP.get(digits, expected)
    to = f"{MAGIC_PREFIX}{digits}4567"
    outcome, _ = told_in_time(sim, binding, MAGIC[digits].rule.kind, to)
    assert outcome == expected[0]
    assert kept(sim, expected[1]) == [to] * expected[1]


def test_one_magic_number_strikes_the_whole_request(sim: Simulator, sms: Client) -> None:
    with pytest.raises(OutcomeUnknown) as caught:
        sms.send([TO, "9970021111"], "hello")
    assert caught.value.report is not None
    assert len(caught.value.report.unknown) == 2
    assert [each.to for each in sim.messages] == [TO, "9970021111"]


def test_a_program_that_logs_in_again_comes_through_each_time(sim: Simulator, sms: Client) -> None:
    for _ in range(3):
        assert told(sms, "9970101111")[0] == SENT
    assert sim.gateway.commands["auth"] == 4


def test_an_unlisted_magic_number_is_a_number_like_any_other(sim: Simulator, sms: Client) -> None:
    assert told(sms, "9979991111")[0] == SENT
    assert [each.fault for each in sim.exchanges.latest()] == [""] * len(sim.exchanges.latest())


def test_a_rule_goes_before_a_magic_number(sim: Simulator, sms: Client) -> None:
    sim.faults.add("error", command="sendmsg", code="121")
    assert told(sms, "9970021111")[0] == REFUSED
    assert sim.messages == []
