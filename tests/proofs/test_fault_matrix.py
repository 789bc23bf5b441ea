"""Every kind of fault, with every command, over every binding, for both clients: what the caller is told is true."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from facades import FACADES
from figures import counting

from clicksoap import (
    ClicksoapError,
    GatewayError,
    MmsNotification,
    NotSent,
    OutcomeUnknown,
    ProtocolError,
    SendReport,
    SoapFault,
    State,
    Timeout,
    TransportTimeout,
    WapPush,
)
from clicksoap.simulator import Account, Clock, Simulator
from clicksoap.simulator.faults.kinds import KINDS, FaultKindName

pytestmark = pytest.mark.proof

TO: Final = "27821234567"
VOUCHER: Final = "1234567890123456"
START: Final = Decimal(1000)
VOUCHER_CREDITS: Final = 100
DONE, UNKNOWN, NOT_SENT, REFUSED = "done", "unknown", "not sent", "refused"
TIMED_OUT, UNREADABLE, FAULT = "timed out", "unreadable", "fault"

ONCE: Final = ("sendmsg", "si_push", "ind_push", "senditem", "quicksend", "token_pay")
"""The commands that are not repeated where they may have been carried out."""
IN_BATCH: Final = ("senditem", "quicksend", "endbatch")
BY_MESSAGE: Final = ("querymsg", "delmsg", "getmsgcharge")

CALLS: Final[dict[str, Callable[[Any], Any]]] = {
    "auth": lambda sms: sms.authenticate(),
    "ping": lambda sms: sms.ping(),
    "sendmsg": lambda sms: sms.send(TO, "hello"),
    "si_push": lambda sms: sms.send(TO, WapPush("http://shop.test/", "look")),
    "ind_push": lambda sms: sms.send(TO, MmsNotification("http://shop.test/", "hello", "shop", timedelta(hours=1))),
    "getbalance": lambda sms: sms.balance(),
    "routecoverage": lambda sms: sms.coverage(TO),
    "token_pay": lambda sms: sms.redeem(VOUCHER),
}

COMMANDS: Final = (*CALLS, *BY_MESSAGE, "startbatch", *IN_BATCH)

SLOW: Final = ("delay", "trickle")
NEEDED: Final[dict[str, Any]] = {"seconds": 600, "bytes_per_second": 1}

OF_ONCE: Final[dict[FaultKindName, str]] = {**dict.fromkeys(KINDS, UNKNOWN), "error": REFUSED, "session": DONE}
"""What is told of a command that is not repeated."""
OF_HARMLESS: Final[dict[FaultKindName, str]] = {
    # Met again, the gateway answers.
    **dict.fromkeys(("status", "error", "session", "truncated", "reset"), DONE),
    **dict.fromkeys(("html", "malformed", "empty", "charset", "gzip"), UNREADABLE),
    **dict.fromkeys(SLOW, TIMED_OUT),
    "fault": FAULT,
}
"""What is told of a command that may be repeated."""


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(accounts=[Account(7, "acme", "secret", START)], clock=Clock(speed=0)) as running:
        yield running


RAISED: Final[dict[type[ClicksoapError], str]] = {
    OutcomeUnknown: UNKNOWN,
    NotSent: NOT_SENT,
    TransportTimeout: TIMED_OUT,
    ProtocolError: UNREADABLE,
    SoapFault: FAULT,
    GatewayError: REFUSED,
}


def told(call: Callable[[], Any]) -> tuple[str, SendReport | None]:
    """The outcome of a call in a word, and the report of a send."""
    try:
        value = call()
    except tuple(RAISED) as error:
        return next(word for kind, word in RAISED.items() if isinstance(error, kind)), error.report
    if isinstance(value, SendReport):
        return {State.ACCEPTED: DONE, State.REJECTED: REFUSED}[value[0].state], value
    return DONE, None


class Attempt:
    """One call of a client, met by one fault.

    Attributes:
        outcome: What the caller is told, in a word.
        report: The report of a send.
    """

    def __init__(self, sim: Simulator, facade: Any, binding: str, command: str, add_fault: Callable[[], Any]) -> None:
        self._sim = sim
        self._facade = facade
        self._binding = binding
        self._command = command
        self._add_fault = add_fault

    def make(self, total: float) -> None:
        """Log in and prepare what the command needs, add the fault, and call."""
        with ExitStack() as stack:
            sms = stack.enter_context(
                self._facade(
                    7, "acme", "secret", endpoint=self._sim.origin, binding=self._binding, timeout=Timeout(total=total)
                )
            )
            call = self._prepared(stack, sms)
            self._add_fault()
            self.outcome, self.report = told(call)

    def _prepared(self, stack: ExitStack, sms: Any) -> Callable[[], Any]:
        if self._command != "auth":
            sms.authenticate()
        if self._command in BY_MESSAGE:
            message_id = sms.send(TO, "before").accepted[0].message_id
            return {
                "querymsg": lambda: sms.status(message_id),
                "delmsg": lambda: sms.stop(message_id),
                "getmsgcharge": lambda: sms.charge(message_id),
            }[self._command]
        if self._command == "startbatch":
            return lambda: stack.enter_context(sms.batch("Dear #field1#"))
        if self._command in IN_BATCH:
            batch = sms.batch("Dear #field1#")
            batch.__enter__()
            return {
                "senditem": lambda: batch.send(TO, "Ann"),
                "quicksend": lambda: batch.quicksend(TO),
                "endbatch": lambda: batch.__exit__(None, None, None),
            }[self._command]
        return lambda: CALLS[self._command](sms)


def effects(sim: Simulator, command: str, expected: int) -> int:
    """How often a command of `ONCE` took effect; a caller in a hurry is faster than the gateway."""

    def count() -> int:
        if command == "token_pay":
            return int((sim.gateway.balance(7, "acme") - START) / VOUCHER_CREDITS)
        return sum(each.to == TO for each in sim.messages)

    deadline = time.monotonic() + 30
    while count() < expected and time.monotonic() < deadline:
        time.sleep(0.001)
    return count()


def expectation(command: str, kind: FaultKindName, binding: str, *, is_carried_out: bool) -> str:
    """The outcome that the caller of a command has to be told."""
    if (command, kind) == ("auth", "session") and not is_carried_out:
        return REFUSED  # with 003, which no other login mends
    if command == "endbatch":
        return DONE  # closing a batch is a courtesy, and raises nothing
    if command in ONCE:
        return REFUSED if (binding, kind) == ("http", "fault") else OF_ONCE[kind]
    return DONE if (binding, kind) == ("http", "fault") else OF_HARMLESS[kind]


@pytest.mark.parametrize("is_usual", [True, False], ids=["usual", "turned_round"])
@pytest.mark.parametrize("facade", FACADES.values(), ids=list(FACADES))
@pytest.mark.parametrize("binding", ["document_literal", "rpc_encoded", "http"])
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_caller_is_told_the_truth(  # noqa: PLR0913 - the axes of the matrix
    sim: Simulator, facade: Any, binding: str, command: str, kind: FaultKindName, *, is_usual: bool
) -> None:
    about = KINDS[kind]
    is_carried_out = about.carried_out if is_usual else not about.carried_out
    needed: dict[str, Any] = {name: NEEDED[name] for name in about.required}

    def add_fault() -> None:
        sim.faults.clear()
        sim.faults.add(kind, command=command, times=1, carried_out=is_carried_out, **needed)

    attempt = Attempt(sim, facade, binding, command, add_fault)
    for total in (0.2, 1.0, 5.0) if kind in SLOW else (Timeout().total,):
        with suppress(TransportTimeout):  # of a busy machine, before the command
            attempt.make(total)
            if [each.hits for each in sim.faults.rules] == [1]:
                break
    with counting("fault matrix: fault, command, binding, client", "wrong", cells=1):
        assert [each.hits for each in sim.faults.rules] == [1]
        assert attempt.outcome == expectation(command, kind, binding, is_carried_out=is_carried_out)
        if command in ONCE:
            expected = int(is_carried_out or attempt.outcome == DONE)
            assert effects(sim, command, expected) == expected
        if attempt.report is not None and attempt.outcome == DONE:
            assert [each.message_id for each in attempt.report] == [each.id for each in sim.messages]
