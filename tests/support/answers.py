"""The bodies that a sendmsg to one recipient can be answered with, for each binding, and the outcome in a word."""

from typing import Any, Final

from rawserver import reply

from clicksoap import ClicksoapError, GatewayError, NotSent, OutcomeUnknown, PartlySent

TO: Final = "27821234567"
ID: Final = "a1b2c3d4e5f60718293a4b5c6d7e8f90"
ACCEPTING: Final = f"ID: {ID} To: {TO}"
REFUSING: Final = "ERR: 105, Invalid Destination Address"

BODILESS: Final = frozenset({204, 205, 304})
"""Statuses that come without a body (RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5)."""

COLUMNS: Final = ("nothing", "a page", "a page with an id", "an id", "an ERR line", "Fault Client", "another Fault")
"""The bodies, as the page on outcomes names them; the last of its columns is lines beside a Fault."""
BESIDE: Final = "lines beside a Fault"


def _envelope(binding: str, content: str) -> str:
    style = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"' if binding == "rpc_encoded" else ""
    return (
        f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"{style}>'
        f"<s:Body>{content}</s:Body></s:Envelope>"
    )


def _answer(line: str) -> str:
    return f'<r:sendmsgResponse xmlns:r="urn:any"><return>{line}</return></r:sendmsgResponse>'


def _fault(code: str) -> str:
    return f"<s:Fault><faultcode>s:{code}</faultcode><faultstring>no</faultstring></s:Fault>"


def bodies(binding: str) -> dict[str, str]:
    """The body of each column, in this binding; a Fault over the HTTP API is a page like any other."""
    lines = {"an id": ACCEPTING, "an ERR line": REFUSING}
    faults = {
        "Fault Client": _envelope(binding, _fault("Client")),
        "another Fault": _envelope(binding, _fault("Server")),
        BESIDE: _envelope(binding, _fault("Server") + _answer(ACCEPTING)),
    }
    if binding != "http":
        lines = {name: _envelope(binding, _answer(line)) for name, line in lines.items()}
    else:
        faults = {name: page for name, page in faults.items() if name != BESIDE}
    return {
        "nothing": "",
        "a page": "<html><body>Come back later.</body></html>",
        "a page with an id": f"<html><body>{ACCEPTING}</body></html>",
        **lines,
        **faults,
    }


def answered(binding: str, status: int, body: str) -> bytes:
    """The HTTP reply."""
    if status in BODILESS:
        return f"HTTP/1.1 {status} Any\r\n{'Content-Length: 0' if status == 205 else 'X: y'}\r\n\r\n".encode()
    return reply(body.encode(), f"{status} Any", "text/plain" if binding == "http" else "text/xml; charset=utf-8")


WORDS: Final[dict[type[ClicksoapError], str]] = {
    NotSent: "not sent",
    OutcomeUnknown: "unknown",
    PartlySent: "partly sent",
    GatewayError: "rejected",
}


def told(sms: Any) -> str:
    """The outcome of a send to one recipient, in a word; the report has to say the same."""
    error: Any = None
    try:
        report = sms.send(TO, "hello")
    except tuple(WORDS) as raised:
        error, report = raised, raised.report
    if error is None:
        assert report[0].message_id == ID
        word = "accepted"
    else:
        word = next(word for kind, word in WORDS.items() if isinstance(error, kind))
        assert error.may_have_taken_effect == (word in {"unknown", "partly sent"})
    assert [result.state.replace("_", " ") for result in report] == [word]
    return word
