"""A gateway of fixed answers that records every request, on a socket of its own."""

import re
import socket
from typing import Final
from urllib.parse import parse_qs, urlsplit

from rawserver import RawServer, Received, command, envelope, message_id, reply, values

SESSION: Final = "5e551040000000000000000000000001"
MESSAGE: Final = "a1b2c3d4e5f60718293a4b5c6d7e8f90"
BATCH: Final = "ba7c4000000000000000000000000001"

_FIXED: Final = {
    "auth": f"OK: {SESSION}",
    "ping": "OK:",
    "querymsg": f"ID: {MESSAGE} Status: 004",
    "delmsg": f"ID: {MESSAGE} Status: 006",
    "getbalance": "Credit: 12.300",
    "getmsgcharge": f"apiMsgId: {MESSAGE} charge: 1.5 status: 004",
    "routecoverage": "OK: This prefix is currently supported. Messages sent to this prefix will be routed. Charge: 1",
    "token_pay": "OK: 605",
    "startbatch": f"ID: {BATCH}",
    "endbatch": "OK",
}
_HTTP: Final = re.compile(rb"(?:GET|POST) (/(?:http|mms|http_batch|utils)/(\w+)[^ ]*)")


class Recording:
    """Answers each command as a gateway in good health, over both SOAP services and the HTTP API.

    Attributes:
        requests: Every request since the last `take`, as text: request line, headers, body. The port of the server,
            which differs from run to run, is written ``PORT``.
    """

    def __init__(self) -> None:
        self.requests: list[str] = []

    def __call__(self, connection: socket.socket, received: Received) -> None:
        """Record a request and answer it."""
        raw = received.head + b"\r\n\r\n" + received.body
        port = connection.getsockname()[1]
        self.requests.append(raw.decode("latin-1").replace(f":{port}", ":PORT"))
        connection.sendall(_answer(received))

    def take(self) -> list[str]:
        """The requests since the last time."""
        taken, self.requests = self.requests, []
        return taken


def _answer(received: Received) -> bytes:
    api = _HTTP.match(received.head)
    if api is None:
        return reply(envelope(*_lines(command(received), values(received, "to"))))
    form = received.body.decode("latin-1") or urlsplit(api[1].decode("latin-1")).query
    to = [number for each in parse_qs(form, encoding="latin-1").get("to", []) for number in each.split(",")]
    lines = _lines(api[2].decode(), to)
    return reply("\n".join(lines).encode(), content_type="text/plain; charset=ISO-8859-1")


def _lines(name: str, to: list[str]) -> list[str]:
    fixed = _FIXED.get(name.lower())
    return [f"ID: {message_id(number)} To: {number}" for number in to] if fixed is None else [fixed]


def recording() -> tuple[Recording, RawServer]:
    """Such a gateway, and its server, which is still to be entered."""
    gateway = Recording()
    return gateway, RawServer(gateway)
