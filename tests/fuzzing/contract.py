"""The replies that the contract allows: every assertion of this module is about one of them."""

import gzip
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from lxml import etree

from clicksoap.codes import ERRORS, STATUSES
from clicksoap.contract import SERVICE_PATHS, Dialect

from .http import XML, Reply, Request

SOAP: Final = "{http://schemas.xmlsoap.org/soap/envelope/}"

ID: Final = "[0-9a-f]{32}"
_ANY_ID: Final = "[0-9A-Za-z_-]{1,64}"
_STATUS: Final = f"({'|'.join(STATUSES)})"
_PLAIN_REFUSAL: Final = f"ERR: (?P<code>{'|'.join(sorted(set(ERRORS) - {'901'}))}), [A-Z][^\n]*?"
_SENT: Final = f"(ID: {ID}|{_PLAIN_REFUSAL})( To: [0-9]*)?"
_ASKED: Final = f"ID: {_ANY_ID} Status: {_STATUS}"
FORMS: Final = {
    name: re.compile(f"(?:{form})|{_PLAIN_REFUSAL.replace('?P<code>', '?:')}")
    for name, form in {
        "auth": f"OK: {ID}",
        "ping": "OK:",
        "sendmsg": _SENT,
        "senditem": _SENT,
        "quicksend": _SENT,
        "si_push": _SENT,
        "ind_push": _SENT,
        "querymsg": _ASKED,
        "delmsg": _ASKED,
        "getmsgcharge": rf"apiMsgId: {_ANY_ID} charge: [0-9]+(\.[0-9]+)? status: {_STATUS}",
        "getbalance": r"Credit: [0-9]+\.[0-9]{2}",
        "routecoverage": r"OK: This prefix is currently supported\. [^\n]* Charge: 1|ERR: This prefix is not [^\n]*",
        "token_pay": "OK: 605",
        "startbatch": f"ID: {ID}",
        "endbatch": "OK",
    }.items()
}
SENDING: Final = frozenset({"sendmsg", "senditem", "quicksend", "si_push", "ind_push"})
MANY: Final = {
    Dialect.DOCUMENT_LITERAL: {*SENDING, "token_pay"},
    Dialect.RPC_ENCODED: FORMS.keys() - {"auth", "ping", "getbalance", "routecoverage", "token_pay"},
}
PLACES: Final = {
    f"{folder}/{name}": name
    for folder, names in {
        "/http": ("auth", "ping", "sendmsg", "querymsg", "delmsg", "getbalance", "getmsgcharge", "token_pay"),
        "/mms": ("si_push", "ind_push"),
        "/http_batch": ("startbatch", "senditem", "quicksend", "endbatch"),
        "/utils": ("routecoverage",),
    }.items()
    for name in names
}


@dataclass(slots=True)
class Tally:
    """A count of what the replies say.

    Attributes:
        ids: The ids of the messages that the simulator accepted.
        vouchers: How many vouchers it redeemed.
        kinds: How many replies came of each kind: a command, ``fault``, ``description`` or an HTTP status.
    """

    ids: list[str] = field(default_factory=list)
    vouchers: int = 0
    kinds: Counter[str] = field(default_factory=Counter)

    def count(self, command: str, lines: list[str]) -> None:
        self.kinds[command] += 1
        if command in SENDING:
            self.ids += [line.split(" ")[1] for line in lines if line.startswith("ID: ")]
        self.vouchers += command == "token_pay" and lines == ["OK: 605"]

    def add(self, other: "Tally") -> None:
        self.ids += other.ids
        self.vouchers += other.vouchers
        self.kinds += other.kinds


def read_lines(command: str, lines: list[str], *, max_lines: int) -> list[str]:
    """Check that each line is an answer to the command."""
    assert 1 <= len(lines) <= (max_lines if command in SENDING else 1)
    for line in lines:
        assert FORMS[command].fullmatch(line), line
    return lines


def read_envelope(dialect: Dialect, reply: Reply) -> tuple[str, list[str]] | None:
    """The command and its lines; None for a Fault."""
    assert reply.headers["content-type"] == XML
    packed = reply.headers.get("content-encoding") == "gzip"
    root = etree.fromstring(gzip.decompress(reply.body) if packed else reply.body)
    assert root.tag == f"{SOAP}Envelope"
    (body,) = root
    assert body.tag == f"{SOAP}Body"
    (content,) = body
    if reply.status == 500:
        assert [content.tag, *(each.tag for each in content)] == [f"{SOAP}Fault", "faultcode", "faultstring"]
        assert content[0].text in {"SOAP-ENV:Client", "SOAP-ENV:VersionMismatch"}, content[1].text
        assert content[1].text
        return None
    assert reply.status == 200, reply.status
    name = etree.QName(content).localname
    assert name.endswith("Response")
    command = name.removesuffix("Response").lower()
    returned = list(content)
    assert {each.tag for each in returned} == {"return"}
    if dialect is Dialect.RPC_ENCODED:
        (array,) = returned
        returned = list(array) if command in MANY[dialect] else [array]
    assert len(returned) == 1 or command in MANY[dialect]
    return command, read_lines(command, [each.text or "" for each in returned], max_lines=300)


def read_text(command: str, method: str, reply: Reply) -> list[str]:
    """The lines of a reply of the HTTP API."""
    assert reply.status == 200, reply.status
    assert reply.headers["content-type"] == "text/plain; charset=ISO-8859-1"
    return read_lines(command, reply.body.decode("latin-1").split("\n"), max_lines=300 if method == "GET" else 600)


def addressed(path: str) -> tuple[Dialect | None, str | None]:
    """The dialect of a path, or the command of the HTTP API at that path."""
    path = unquote(path)
    place = path.removesuffix(".php")
    return SERVICE_PATHS.get(path), PLACES.get(place.lower() if place.startswith("/utils/") else place)


def read_reply(request: Request, reply: Reply, tally: Tally) -> None:
    """Check that a reply is one that the contract allows, whatever the request was, and count it."""
    dialect, command = addressed(request.path)
    if reply.status == 421:
        assert request.headers.get("Host", "localhost") != "localhost"  # the request names another machine
        tally.kinds["421"] += 1
    elif dialect is not None and request.method == "POST":
        answer = read_envelope(dialect, reply)
        if answer is None:
            tally.kinds["fault"] += 1
        else:
            tally.count(*answer)
    elif command is not None and reply.status == 413:
        assert len(request.body) > 1 << 20
        tally.kinds["413"] += 1
    elif command is not None and request.method in {"GET", "POST"}:
        tally.count(command, read_text(command, request.method, reply))
    elif dialect is not None and request.method in {"GET", "HEAD"}:
        assert reply.status == 200
        tally.kinds["description"] += 1
    else:
        assert reply.status in {404, 405} or (reply.status == 200 and request.path == "/"), reply.status
        tally.kinds[str(reply.status)] += 1
