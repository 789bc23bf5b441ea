"""What a caller is told about each recorded reply, served over a real socket.

A conversation is two files. ``NAME.reply`` is a raw HTTP reply as text: status line, headers, an empty line, the body.
Line ends in its head stand for CR LF; the line end behind the body is not part of it; ``@ORIGIN@`` stands for a server
that nobody may visit.

``NAME.expect.toml`` says in a sentence what happens, names the binding, and tells the outcome: the class, the cause
beneath it, and for sends a list per field in the order of the recipients. What is empty is left out. Optional are
``command`` (sendmsg), ``to`` (the two recipients), ``recorded`` (the command that meets the reply, where it is not the
one that is called), ``cpu_seconds`` (what reading the reply may take), and ``[wire]``, how the text becomes bytes:

encoding, bom   the body's encoding (UTF-8), and whether a byte order mark precedes it
replace         a text of the body and what replaces it, for what a file of text cannot hold
gzip            whether the body is packed
chunked         the size of its chunks; without it, a Content-Length is stated
length          "none" states no length and closes; "original" states the length that the body had before the cut
cut             how many bytes are missing at the end, as a negative number; the connection is then closed
total           how many bytes come at all; the connection is then closed
"""

import contextlib
import re
import socket
import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from rawserver import Hangup, RawServer, Received, reply
from recorded import ORDINARY, Recorded, called, ordinary

from clicksoap import Client
from clicksoap.contract import Dialect
from clicksoap.errors import ClicksoapError, GatewayError, LimitExceeded, ProtocolError, SoapFault
from clicksoap.protocol.bindings.soap import SoapBinding
from clicksoap.protocol.wire import WireReply
from clicksoap.results import Charge, Coverage, QueriedStatus, RecipientResult, SendReport

HERE: Final = Path(__file__).parent


@dataclass(frozen=True)
class Sample(Recorded):
    """One recorded conversation."""

    @property
    def dialect(self) -> Dialect:
        return Dialect(self.binding)

    def wire_reply(self) -> WireReply:
        """The reply as a transport hands it on."""
        fields = (line.partition(":") for line in self.head.split("\n")[1:])
        headers = {name.lower(): value.strip() for name, _, value in fields}
        return WireReply(int(self.head.split()[1]), headers, self.body("http://localhost:9"), 0.0)


SAMPLES: Final = [Sample.load(path, HERE) for path in sorted(HERE.glob("*/*.reply"))]


def error_code(result: RecipientResult) -> str:
    return "" if result.error is None else result.error.code or "none"


def until(error: object) -> str:
    return error.until.isoformat() if isinstance(error, LimitExceeded) and error.until else ""


def recipients_told(report: SendReport) -> dict[str, Any]:
    return {
        "states": [str(result.state) for result in report],
        "ids": [result.message_id or "" for result in report],
        "errors": [error_code(result) for result in report],
        "until": [until(result.error) for result in report],
        "lines": list(report.lines),
        "unmatched": list(report.unmatched),
    }


def value_told(value: object) -> dict[str, Any]:
    match value:
        case SendReport():
            told = recipients_told(value)
        case QueriedStatus():
            told = {"id": value.message_id, "status": value.status.code}
        case Charge():
            told = {"credits": str(value.credits), "status": value.status.code}
        case Coverage():
            told = {"routed": value.routed, "charge": str(value.charge or ""), "text": value.text}
        case Decimal() | str():
            told = {"value": str(value)}
        case _:
            assert value is None
            told = {}
    return {"outcome": "None" if value is None else type(value).__name__, **told}


def error_told(error: ClicksoapError) -> dict[str, Any]:
    inner = error.cause or error
    return {
        "outcome": type(error).__name__,
        "cause": "" if error.cause is None else type(error.cause).__name__,
        "code": inner.code or "" if isinstance(inner, GatewayError | SoapFault) else "",
        "may_have_taken_effect": error.may_have_taken_effect,
        "retryable": error.retryable,
        **(recipients_told(error.report) if error.report else {"until": until(error)}),
    }


def without_empty(told: dict[str, Any]) -> dict[str, Any]:
    """The fields that hold something; a list of a field that is empty for everybody, such as ids, holds nothing.

    Lines are kept even where they are empty ones.
    """
    return {
        key: value
        for key, value in told.items()
        if value is False or (value and (key in {"lines", "unmatched"} or not isinstance(value, list) or any(value)))
    }


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_the_caller_is_told_what_the_sample_says(sample: Sample) -> None:
    strangers = RawServer(lambda _socket, _request: None)

    def answer(connection: socket.socket, received: Received) -> None:
        operation = re.search(rb"<ns1:(\w+)", received.body)
        assert operation is not None
        name = operation[1].decode().lower()
        if name == sample.recorded:
            connection.sendall(sample.reply(strangers.origin))
            if sample.closes:
                raise Hangup
        else:
            connection.sendall(reply(ordinary(ORDINARY[name])))

    with (
        strangers,
        RawServer(answer) as server,
        Client(1, "acme", "secret", endpoint=server.origin, binding=sample.dialect.value, retry=None) as client,
    ):
        try:
            told = value_told(called(client, sample.command, sample.to))
        except ClicksoapError as error:
            told = error_told(error)
    assert without_empty(told) == sample.outcome, sample.expectation["says"]
    assert strangers.connections == 0


TIMED: Final = [sample for sample in SAMPLES if "cpu_seconds" in sample.expectation]


@pytest.mark.parametrize("sample", TIMED, ids=lambda sample: sample.name)
def test_a_hostile_reply_is_refused_in_little_time(sample: Sample) -> None:
    binding = SoapBinding(sample.dialect, "http://localhost:9/")
    recorded = sample.wire_reply()
    spent = []
    for _ in range(3):  # the best of three: the machine may be busy with something else
        started = time.process_time()
        with contextlib.suppress(ProtocolError):
            binding.decode(recorded, "sendmsg", {})
        spent.append(time.process_time() - started)
    assert min(spent) < sample.expectation["cpu_seconds"]


def test_every_sample_says_a_sentence_and_every_expectation_has_its_reply() -> None:
    sentences = [sample.expectation["says"] for sample in SAMPLES]
    assert [says for says in sentences if not re.fullmatch(r".*[^\s.]\.", says)] == []
    named = {path.name.removesuffix(".expect.toml") for path in HERE.glob("*/*.expect.toml")}
    assert named == {path.stem for path in HERE.glob("*/*.reply")}
