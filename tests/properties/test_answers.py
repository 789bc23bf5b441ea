"""Whatever lines the gateway answers, every recipient comes out once, and nothing is made up."""

import re
import time
from collections.abc import Sequence
from typing import Any, Final

import pytest
from examples import examples
from hypothesis import given, strategies as st

from clicksoap.errors import ClicksoapError, GatewayError, ProtocolError
from clicksoap.msisdn import Recipients
from clicksoap.protocol import operations
from clicksoap.protocol.operations import Operation
from clicksoap.protocol.replies import expired_session, match, read
from clicksoap.results import State

NUMBERS: Final = st.sampled_from(["27821234567", "27831234567", "31821234567", "4930123456", "15551234567"])
SPELLINGS: Final = st.sampled_from(["{}", "+{}", "00{}", " {} ", "0{}", "{}1", "({})", "{}-", ""])
PIECES: Final = st.one_of(
    st.sampled_from(
        [
            *("ID: ", "id:", "apiMsgId: ", "To: ", "TO:", " to: ", "Status: ", "charge: ", "OK", "OK: ", "ERR: "),
            *("err", "ERR: 001, ", "ERR: 003", "105, ", "Credit: ", "Credits:", "0.33", "004", "00A", " ", "  ", ", "),
            *("\n", "\r\n", "\t", "\N{NO-BREAK SPACE}", "\N{ARABIC-INDIC DIGIT ONE}", "\x00", "a1b2c3", "0f9e8d", ":"),
        ]
    ),
    st.builds(str.format, SPELLINGS, NUMBERS),
    st.text(max_size=6),
)
ITEMS: Final = st.lists(st.one_of(st.lists(PIECES, max_size=8).map("".join), st.text(max_size=30)), max_size=6)
RECIPIENTS: Final = st.lists(NUMBERS, min_size=1, max_size=5).map(
    lambda numbers: Recipients(numbers, [f"+{number}" for number in numbers])
)


@examples(400)
@given(RECIPIENTS, ITEMS)
def test_every_recipient_comes_out_once_in_order_and_accepted_only_by_a_line_with_its_id(
    recipients: Recipients, items: list[str]
) -> None:
    lines = read(items)
    results, unmatched, refusal = match(recipients, lines, "own")
    assert [(result.to, result.given) for result in results] == list(
        zip(recipients.msisdns, recipients.given, strict=True)
    )
    for result in results:
        raws = [line.raw for line in lines]
        assert (result.state is State.ACCEPTED) is (result.message_id is not None)
        assert (result.state in {State.REJECTED, State.NOT_SENT}) is (result.error is not None)
        assert result.state is not State.NOT_SENT or refusal is not None
        if result.message_id is not None:
            assert result.raw in raws
            assert re.search(rf"(?i)id\s*:\s*{re.escape(result.message_id)}(?!\S)", result.raw or "")
    told = {result.raw for result in results if result.state is not State.UNKNOWN}
    assert told | {line.raw for line in unmatched} == {line.raw for line in lines}
    assert all(any(line is each for each in lines) for line in unmatched)


@examples(400)
@given(RECIPIENTS, ITEMS)
def test_no_accepting_line_tells_of_two_recipients(recipients: Recipients, items: list[str]) -> None:
    lines = read(items)
    results, _, _ = match(recipients, lines)
    accepting = [result.raw for result in results if result.state is State.ACCEPTED]
    raws = [line.raw for line in lines]
    assert all(accepting.count(raw) <= raws.count(str(raw)) for raw in accepting)


@examples(400)
@given(RECIPIENTS, ITEMS)
def test_only_errors_about_everybody_renew_the_session(recipients: Recipients, items: list[str]) -> None:
    """The request is repeated after a renewal, so nobody may have been accepted."""
    results, _, _ = match(recipients, read(items))
    if expired_session(results) is not None:
        assert {result.state for result in results} == {State.NOT_SENT}


COMMANDS: Final[Sequence[Operation[Any]]] = [
    operations.Authenticate(1, "acme", "secret"),
    operations.Ping(),
    operations.QueryMessage("a1"),
    operations.StopMessage("a1"),
    operations.MessageCharge("a1"),
    operations.Balance(),
    operations.RouteCoverage("27821234567"),
    operations.PayToken("1234567890123456"),
    operations.StartBatch({"template": "x"}),
    operations.EndBatch("b1"),
]


@pytest.mark.parametrize("operation", COMMANDS, ids=lambda operation: operation.name)
@examples(150)
@given(items=ITEMS)
def test_an_answer_to_a_command_is_a_value_a_refusal_or_none(operation: Operation[Any], items: list[str]) -> None:
    try:
        operation.result(read(items))
    except ClicksoapError as error:
        assert isinstance(error, GatewayError | ProtocolError)  # noqa: PT017 - which of the two depends on the lines


MEGABYTE: Final = 2**20


def long(piece: str) -> str:
    return piece * (MEGABYTE // len(piece))


@pytest.mark.parametrize(
    "line",
    [
        long(" "),
        long("\n"),
        long("x\n"),
        long("\r\nx"),
        long("ID"),
        long("ID: "),
        long("ID: 1 To: 2\n"),
        long("To: 1"),
        long("To: 1 "),
        "ERR: " + long("To: 1 "),
        "ERR: " + long("To:"),
        "ERR: " + long("To "),
        "ERR: To: " + long("1 ") + "x",
        "ERR: 105, " + long("1"),
        "ERR: 105, " + long(" ") + "To: 1",
        "ERR: 105, " + long("1234 x"),
        "ERR: 105, " + long("1-"),
        "ERR: 105, " + long("abcdef012345678 "),
        "ERR: 130, " + long("12345678 "),
        "ID: 1" + long(" x"),
        "ID: 1" + long(" x:"),
        "ID: 1 " + long("a"),
        "ID: 1 To: " + long("1"),
        "ID: 1 To: " + long("1 ") + "x",
        "Credit: " + long("1"),
        "Credit: 1." + long("1"),
        "OK:" + long(" x"),
        "OK: Charge" + long(" :"),
        "OK: " + long("charge: 1 "),
        "OK: " + long("charge: 1.1"),
        long("\N{NO-BREAK SPACE}"),
        long("\N{ARABIC-INDIC DIGIT ONE}"),
    ],
    ids=lambda line: repr(line[:24]),
)
def test_a_line_of_a_megabyte_is_read_in_linear_time(line: str) -> None:
    started = time.process_time()
    lines = read([line], ["secret"])
    match(Recipients(["27821234567"], [""]), lines)
    for operation in (operations.Balance(), operations.RouteCoverage("27821234567")):
        try:
            operation.result(lines)
        except ClicksoapError as error:
            str(error)
    assert time.process_time() - started < 2
