"""Recorded replies, as tests/samples/test_samples.py describes them, and the calls that meet them.

Uses only public names of clicksoap: older commits are compared by it, too.
"""

import gzip
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from clicksoap import Client

MARKS: Final = {"utf-8": b"\xef\xbb\xbf", "utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}
PARCEL: Final = ["27821234567", "27831234567"]
NO_OUTCOME: Final = {"says", "binding", "command", "to", "recorded", "cpu_seconds", "wire"}
SESSION: Final = "5e551040000000000000000000000001"
BATCH: Final = "ba7c4000000000000000000000000001"
MESSAGE: Final = "a1b2c3d4e5f60718293a4b5c6d7e8f90"
ORDINARY: Final = {"auth": f"OK: {SESSION}", "startbatch": f"ID: {BATCH}", "endbatch": "OK"}


@dataclass(frozen=True)
class Recorded:
    """One recorded conversation: a reply, and what the caller is told about it."""

    name: str
    head: str
    text: str
    expectation: dict[str, Any]

    @property
    def binding(self) -> str:
        return str(self.expectation["binding"])

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

    @classmethod
    def load(cls, path: Path, folder: Path) -> Self:
        """The conversation of a ``.reply`` file, named by its path in the folder."""
        recorded = path.read_bytes().decode().removesuffix("\n")
        head, _, text = recorded.partition("\n\n")
        expectation = tomllib.loads(path.with_suffix(".expect.toml").read_text("utf-8"))
        return cls(path.relative_to(folder).with_suffix("").as_posix(), head.rstrip("\n"), text, expectation)


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


def ordinary(line: str) -> bytes:
    """An answer to the commands around the recorded one."""
    envelope = "http://schemas.xmlsoap.org/soap/envelope/"
    return (f'<s:Envelope xmlns:s="{envelope}"><s:Body><r><return>{line}</return></r></s:Body></s:Envelope>').encode()
