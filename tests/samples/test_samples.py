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
import gzip
import re
import socket
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from rawserver import Hangup, RawServer, Received, reply

from clicksoap import Client
from clicksoap.contract import Dialect
from clicksoap.errors import ClicksoapError, GatewayError, LimitExceeded, ProtocolError, SoapFault
from clicksoap.protocol.bindings.soap import SoapBinding
from clicksoap.protocol.wire import WireReply
from clicksoap.results import Charge, Coverage, QueriedStatus, RecipientResult, SendReport

HERE: Final = Path(__file__).parent
MARKS: Final = {"utf-8": b"\xef\xbb\xbf", "utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
PARCEL: Final = ["27821234567", "27831234567"]
NO_OUTCOME: Final = {"says", "binding", "command", "to", "recorded", "cpu_seconds", "wire"}
SESSION: Final = "5e551040000000000000000000000001"
BATCH: Final = "ba7c4000000000000000000000000001"
MESSAGE: Final = "a1b2c3d4e5f60718293a4b5c6d7e8f90"
ORDINARY: Final = {"auth": f"OK: {SESSION}", "startbatch": f"ID: {BATCH}", "endbatch": "OK"}


@dataclass(frozen=True)
class Sample:
    """One recorded conversation."""

    name: str
    head: str
    text: str
    expectation: dict[str, Any]

    @property
    def dialect(self) -> Dialect:
        return Dialect(self.expectation["binding"])

    @property
    def command(self) -> str:
        return str(self.expectation.get("command", "sendmsg"))

    @property
    def recorded(self) -> str:
        """The command that the reply answers."""
        return str(self.expectation.get("recorded", self.command))

    @property
    def to(self) -> list[str]:
        return list(self.expectation.get("to", PARCEL))

    @property
    def outcome(self) -> dict[str, Any]:
        return {key: value for key, value in self.expectation.items() if key not in NO_OUTCOME}

    @property
    def wire(self) -> dict[str, Any]:
        return dict(self.expectation.get("wire", {}))

    @property
    def closes(self) -> bool:
        """Whether the server closes the connection behind the reply."""
        return not {"cut", "total", "length"}.isdisjoint(self.wire)

    def body(self, origin: str) -> bytes:
        """The body before it is packed and cut."""
        before, after = self.wire.get("replace", ("", ""))
        text = self.text.replace("@ORIGIN@", origin)
        text = text.replace(before, after) if before else text
        encoding = self.wire.get("encoding", "utf-8")
        return (MARKS[encoding] if self.wire.get("bom") else b"") + text.encode(encoding)

    def reply(self, origin: str) -> bytes:
        """The bytes that go over the socket."""
        wire, body, lines = self.wire, self.body(origin), self.head.replace("@ORIGIN@", origin).split("\n")
        if wire.get("gzip"):
            body = gzip.compress(body)
            lines.append("Content-Encoding: gzip")
        if size := wire.get("chunked"):
            parts = [body[start : start + size] for start in range(0, len(body), size)]
            body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in [*parts, b""])
            lines.append("Transfer-Encoding: chunked")
        cut = body[: wire.get("cut", len(body))]
        if "chunked" not in wire and wire.get("length") != "none":
            lines.append(f"Content-Length: {len(body if wire.get('length') == 'original' else cut)}")
        whole = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + cut
        return whole[: wire.get("total", len(whole))]

    def wire_reply(self) -> WireReply:
        """The reply as a transport hands it on."""
        fields = (line.partition(":") for line in self.head.split("\n")[1:])
        headers = {name.lower(): value.strip() for name, _, value in fields}
        return WireReply(int(self.head.split()[1]), headers, self.body("http://localhost:9"), 0.0)


def load(path: Path) -> Sample:
    recorded = path.read_bytes().decode().removesuffix("\n")
    head, _, text = recorded.partition("\n\n")
    expectation = tomllib.loads(path.with_suffix(".expect.toml").read_text("utf-8"))
    return Sample(path.relative_to(HERE).with_suffix("").as_posix(), head.rstrip("\n"), text, expectation)


SAMPLES: Final = [load(path) for path in sorted(HERE.glob("*/*.reply"))]


CALLS: Final[dict[str, Callable[[Client, list[str]], object]]] = {
    "sendmsg": lambda client, to: client.send(to, "Your parcel is at the door"),
    "querymsg": lambda client, _: client.status(MESSAGE),
    "delmsg": lambda client, _: client.stop(MESSAGE),
    "getmsgcharge": lambda client, _: client.charge(MESSAGE),
    "getbalance": lambda client, _: client.balance(),
    "routecoverage": lambda client, _: client.coverage(PARCEL[0]),
    "token_pay": lambda client, _: client.redeem("1234567890123456"),
    "ping": lambda client, _: client.ping(),
}


def called(client: Client, command: str, to: list[str]) -> object:
    """What a caller's call gives."""
    return CALLS[command](client, to) if command in CALLS else in_batch(client, command, to)


def in_batch(client: Client, command: str, to: list[str]) -> object:
    with client.batch("Dear #field1#") as batch:
        if command == "senditem":
            return batch.send(to, "Zoé")
        if command == "quicksend":
            return batch.quicksend(to)
        return batch.id if command == "startbatch" else None


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
        **({"until": until(error)} if error.report is None else recipients_told(error.report)),
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


def ordinary(line: str) -> bytes:
    """An answer to the commands around the recorded one."""
    envelope = "http://schemas.xmlsoap.org/soap/envelope/"
    return (f'<s:Envelope xmlns:s="{envelope}"><s:Body><r><return>{line}</return></r></s:Body></s:Envelope>').encode()


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
    named = {path.name.removesuffix(".expect.toml") for path in HERE.glob("*/*.toml")}
    assert named == {path.stem for path in HERE.glob("*/*.reply")}
