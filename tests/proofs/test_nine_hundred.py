"""900 recipients in three requests, of which the second or the third fails in every way.

The report is compared with what the simulator accepted. Then the simplest handler goes on, and nobody has two messages.
"""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import pytest
from facades import FACADES
from figures import counting

from clicksoap import ClicksoapError, GatewayError, NotSent, OutcomeUnknown, PartlySent, SendReport, State, Timeout
from clicksoap.simulator import Account, Clock, Simulator
from clicksoap.simulator.faults.kinds import KINDS

pytestmark = pytest.mark.proof

NUMBERS: Final = [f"2782{number:07}" for number in range(900)]
SHARE: Final = 300

FAULTS: Final[dict[str, dict[str, Any]]] = {
    **{kind: {} for kind in KINDS if kind not in {"delay", "trickle"}},
    "delay": {"seconds": 600},
    "trickle": {"bytes_per_second": 1},
    **{f"status {status}": {"status": status} for status in (404, 429, 403, 408, 500)},
    **{f"error {code}": {"code": code} for code in ("001", "004", "123", "130", "301")},
    "fault Client": {"code": "Client"},
}
CERTAIN: Final = {"status 404", "status 429", "fault Client"}
"""The faults that prove that nothing was done; they are met only by requests that are not carried out."""
WHOLLY_REFUSED: Final = {"error", "error 123"}
ACCOUNT: Final = {"error 001", "error 004", "error 130", "error 301"}
HARMLESS: Final = {"session"}
"""What the client mends by itself: a new login."""


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(accounts=[Account(7, "acme", "secret", balance=Decimal(10**6))], clock=Clock(speed=0)) as running:
        yield running


def expected(fault: str, binding: str, *, is_carried_out: bool) -> tuple[type[ClicksoapError] | None, State]:
    """The class that is raised, and the state of the recipients of the request that failed."""
    if fault in HARMLESS:
        return None, State.ACCEPTED
    if fault in WHOLLY_REFUSED or (fault.startswith("fault") and binding == "http"):
        return PartlySent, State.REJECTED  # the HTTP API says error 901 for a Fault
    if fault in ACCOUNT or (fault in CERTAIN and not is_carried_out):
        return PartlySent, State.NOT_SENT
    return OutcomeUnknown, State.UNKNOWN


@pytest.mark.parametrize("facade", FACADES.values(), ids=list(FACADES))
@pytest.mark.parametrize("binding", ["document_literal", "rpc_encoded", "http"])
@pytest.mark.parametrize("request_number", [2, 3])
@pytest.mark.parametrize("is_carried_out", [True, False], ids=["carried_out", "not_carried_out"])
@pytest.mark.parametrize("fault", FAULTS)
def test_the_simplest_handler_neither_doubles_nor_loses(  # noqa: PLR0913 - the axes of the table
    sim: Simulator, facade: Any, binding: str, request_number: int, fault: str, *, is_carried_out: bool
) -> None:
    kind: Any = fault.partition(" ")[0]
    says_no = fault in CERTAIN or kind == "error" or (kind == "fault" and binding == "http")
    if is_carried_out and says_no:
        pytest.skip("a gateway that says so has not carried it out")
    sim.faults.add(kind, command="sendmsg", nth=request_number, times=1, carried_out=is_carried_out, **FAULTS[fault])
    usual, short = Timeout(total=60), Timeout(total=1.5)
    settings: dict[str, Any] = {"endpoint": sim.origin, "binding": binding, "retry": None, "max_recipients": SHARE}
    with (
        facade(7, "acme", "secret", timeout=short if kind in {"delay", "trickle"} else usual, **settings) as sms,
        facade(7, "acme", "secret", timeout=usual, **settings) as patient,
    ):
        sms.authenticate()
        raised: ClicksoapError | None = None
        try:
            report = sms.send(NUMBERS, "hello")
        except (NotSent, GatewayError, PartlySent, OutcomeUnknown) as error:
            raised, report = error, error.report
        with counting("900 recipients in three requests", "wrong", sends=1):
            told, state = expected(fault, binding, is_carried_out=is_carried_out)
            assert (type(raised) if raised else None) is told
            check(report, request_number, state)
            ids = {message.id: message.to for message in sim.messages}
            assert {each.message_id: each.to for each in report.accepted}.items() <= ids.items()
            if raised is not None:
                assert (raised.may_have_taken_effect, raised.retryable) == (True, False)
            # What the page on outcomes tells a caller to do.
            sim.faults.clear()
            if isinstance(raised, OutcomeUnknown):
                report = patient.reconcile(report, believe_after=0)
                assert not report.unknown
            rest = patient.send(report.not_sent, "hello")
            received = Counter(message.to for message in sim.messages)
            assert set(received.values()) <= {1}
            assert received.keys() == {each.to for each in (*report.accepted, *report.unconfirmed, *rest.accepted)}
            assert received.keys() | {each.to for each in report.rejected} == set(NUMBERS)


def check(report: SendReport, request_number: int, state: State) -> None:
    """Each third of the report is in the state that its request left it in."""
    states = [{each.state for each in report[start : start + SHARE]} for start in range(0, len(NUMBERS), SHARE)]
    behind = State.ACCEPTED if state is State.ACCEPTED else State.NOT_SENT
    assert [each.to for each in report] == NUMBERS
    assert states == [
        {State.ACCEPTED if number < request_number else state if number == request_number else behind}
        for number in (1, 2, 3)
    ]
