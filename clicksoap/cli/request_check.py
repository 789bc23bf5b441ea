"""A request in a file, put before the simulator, which says why it refuses it."""

import http.client
import re
from dataclasses import dataclass
from typing import Final

import click

from clicksoap.cli.extras import simulator_package
from clicksoap.contract import DEFAULT_PATHS, Dialect

_SESSION: Final = re.compile(rb"(<(?:\w+:)?session_id(?:\s[^<>]*)?>)[^<]*(?=</)")
_PASSWORD: Final = re.compile(rb"(<(?:\w+:)?password(?:\s[^<>]*)?>)[^<]*(?=</)")
_ENCODING: Final = re.compile(rb"<\?xml[^>]*encoding=[\"']([A-Za-z0-9._-]+)")
_TIMEOUT: Final = 30
_LONGEST: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class CheckedRequest:
    """The simulator's word on a request.

    Attributes:
        service: The service that it was put before.
        command: The gateway's command; empty if the request could not be read.
        outcome: The outcome, such as ``accepted`` or ``refused``.
        reasons: The reasons of each refusal, in one line each.
        warnings: What a stricter gateway might refuse.
        code: The error code of the first refusal; empty for none.
    """

    service: str
    command: str
    outcome: str
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    code: str


def check_request(content: bytes) -> CheckedRequest:
    """Put a SOAP request before a simulator of its own, and give its word on it.

    The session id is replaced by a valid one, and any password is taken, so that the rest of the request is judged.

    Raises:
        click.ClickException: The file is too large, or the simulator is not installed.
    """
    if len(content) > _LONGEST:
        raise click.ClickException("the file is larger than 4 MiB: give one request")
    head, body = _split(content)
    dialect = Dialect.DOCUMENT_LITERAL if b"document_literal" in body else Dialect.RPC_ENCODED
    with simulator_package().Simulator() as simulator:
        body = _SESSION.sub(rb"\g<1>" + _login(simulator.port), body)
        body = _PASSWORD.sub(rb"\g<1>masked", body)
        connection = http.client.HTTPConnection("127.0.0.1", simulator.port, timeout=_TIMEOUT)
        try:
            connection.request("POST", DEFAULT_PATHS[dialect], body, _headers(head, body))
            connection.getresponse().read()
        finally:
            connection.close()
        exchange = simulator.exchanges.latest()[0]
    return CheckedRequest(
        exchange.service,
        exchange.command,
        exchange.outcome,
        tuple(each.text for each in exchange.refusals) or ((exchange.reason,) if exchange.reason else ()),
        tuple(each.text for each in exchange.warnings),
        exchange.code,
    )


def _login(port: int) -> bytes:
    """A session id of the simulator."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT)
    try:
        connection.request("GET", "/http/auth?api_id=1&user=demo&password=demo")
        return connection.getresponse().read().removeprefix(b"OK:").strip()
    finally:
        connection.close()


def _split(content: bytes) -> tuple[bytes, bytes]:
    """The HTTP head of a request, if the file has one, and the body."""
    stripped = content.lstrip()
    if stripped.startswith((b"POST ", b"Content-Type:", b"SOAPAction:")):
        for blank in (b"\r\n\r\n", b"\n\n"):
            head, found, body = stripped.partition(blank)
            if found:
                return head, body
    return b"", stripped


def _headers(head: bytes, body: bytes) -> dict[str, str]:
    encoding = _ENCODING.match(body)
    headers = {"Content-Type": f"text/xml; charset={encoding[1].decode('ascii') if encoding else 'utf-8'}"}
    for line in head.decode("latin-1").splitlines():
        name, _, value = line.partition(":")
        if name.strip().lower() in {"content-type", "soapaction"}:
            headers[name.strip()] = value.strip()
    return headers
