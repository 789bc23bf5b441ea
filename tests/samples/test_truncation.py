"""A reply that was cut off anywhere is never read as far as it came."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from rawserver import reply

from clicksoap.contract import Dialect
from clicksoap.errors import ClicksoapError, OutcomeUnknown, ProtocolError, TransportError
from clicksoap.protocol.bindings.soap import SoapBinding
from clicksoap.protocol.wire import WireReply
from clicksoap.results import State
from clicksoap.transports.content import BoundedBody

HERE: Final = Path(__file__).parent
RECORDED: Final = {
    Dialect.DOCUMENT_LITERAL: HERE / "envelope" / "plain.reply",
    Dialect.RPC_ENCODED: HERE / "rpc" / "array_of_strings.reply",
}
SOME: Final = 12

FailureOfSend = Callable[[Dialect, bytes], ClicksoapError]


@pytest.fixture(params=list(Dialect))
def dialect(request: pytest.FixtureRequest) -> Dialect:
    return Dialect(request.param)


@pytest.fixture
def body(dialect: Dialect) -> bytes:
    return RECORDED[dialect].read_bytes().partition(b"\n\n")[2].strip()


def read(dialect: Dialect, body: bytes) -> list[str] | None:
    """The lines of a body, or None where it is refused as something that may hide a sent message."""
    try:
        return SoapBinding(dialect, "http://localhost:9/").decode(WireReply(200, {}, body, 0.0), "sendmsg", {})
    except ProtocolError as error:
        if not error.may_have_taken_effect:
            raise
        return None


def offsets(body: bytes) -> list[int]:
    """Some places to cut at: the beginning, the end, inside each id, and between them."""
    inside_ids = [found.start() + 9 for found in re.finditer(rb"[0-9a-f]{32}", body)]
    return sorted({0, 1, len(body) - 1, len(body) - 9, *inside_ids, *range(0, len(body), len(body) // SOME)})


def test_the_whole_body_gives_two_lines(dialect: Dialect, body: bytes) -> None:
    assert len(read(dialect, body) or []) == 2


def test_nothing_is_read_from_a_body_cut_at_any_byte(dialect: Dialect, body: bytes) -> None:
    assert [cut for cut in range(len(body)) if read(dialect, body[:cut]) is not None] == []


def test_nothing_is_read_from_a_utf_16_body_cut_at_any_byte(dialect: Dialect, body: bytes) -> None:
    wide = body.decode().replace("utf-8", "utf-16").encode("utf-16")
    assert len(read(dialect, wide) or []) == 2
    assert [cut for cut in range(len(wide) - 1) if read(dialect, wide[:cut]) is not None] == []


def test_nothing_is_read_from_a_packed_body_cut_at_any_byte(dialect: Dialect, body: bytes) -> None:
    packed = gzip.compress(body)

    def unpacked(cut: int) -> list[str] | None:
        bounded = BoundedBody(200, "gzip")
        try:
            bounded.feed(packed[:cut])
            whole = bounded.complete()
        except ProtocolError as error:
            if not error.may_have_taken_effect:
                raise
            return None
        return read(dialect, whole)

    assert len(unpacked(len(packed)) or []) == 2
    assert [cut for cut in range(len(packed)) if unpacked(cut) is not None] == []


def check_everybody_unknown(error: ClicksoapError) -> None:
    assert type(error) is OutcomeUnknown
    assert error.may_have_taken_effect
    assert error.report is not None
    assert [(result.state, result.message_id) for result in error.report] == [(State.UNKNOWN, None)] * 2


def test_everybody_is_unknown_behind_a_cut_body_of_the_right_length(
    dialect: Dialect, body: bytes, failure_of_send: FailureOfSend
) -> None:
    for cut in offsets(body):
        error = failure_of_send(dialect, reply(body[:cut], headers=("Connection: close",)))
        check_everybody_unknown(error)
        assert isinstance(error.cause, ProtocolError)


def test_everybody_is_unknown_behind_a_connection_that_ends_before_the_stated_length(
    dialect: Dialect, body: bytes, failure_of_send: FailureOfSend
) -> None:
    whole = reply(body)
    for cut in offsets(body):
        error = failure_of_send(dialect, whole[: len(whole) - len(body) + cut])
        check_everybody_unknown(error)
        assert isinstance(error.cause, TransportError)


def test_everybody_is_unknown_behind_a_connection_that_ends_inside_the_head(
    dialect: Dialect, body: bytes, failure_of_send: FailureOfSend
) -> None:
    whole = reply(body)
    for cut in range(0, len(whole) - len(body), 7):
        check_everybody_unknown(failure_of_send(dialect, whole[:cut]))
