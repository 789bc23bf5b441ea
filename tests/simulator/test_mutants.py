"""Twenty thousand damaged requests among good ones: each is answered in the terms of the contract, and none does harm.

``CLICKSOAP_MUTANTS`` says how many (some thousands at least), ``CLICKSOAP_SEED`` which ones. A failure names the seed
and shows the bytes.
"""

import gc
import gzip
import os
import re
import socket
import threading
import tracemalloc
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Final, Self
from urllib.parse import unquote, urlencode, urlsplit
from xml.sax.saxutils import escape

import pytest
from lxml import etree

from clicksoap.codes import ERRORS, STATUSES
from clicksoap.contract import SERVICE_PATHS, Dialect
from clicksoap.simulator import Account, Clock, Simulator

from .conftest import Wire
from .mutants import BLOCKED, FIRST, FORM, SECOND, XML, Known, Request, corpus, mutant

MUTANTS: Final = int(os.environ.get("CLICKSOAP_MUTANTS", "20000"))
SEED: Final = os.environ.get("CLICKSOAP_SEED", "clicksoap")
WORKERS: Final = 8
KEPT_OF: Final = 600
"""How many mutants are sent to see what is kept of them."""

GOOD_AFTER: Final = 10
"""After so many mutants there is a good request."""

HERE: Final = Path(__file__).parent
START: Final = Decimal(10) ** 12
VOUCHER: Final = 100
"""The credits of a voucher."""

BAD, GOOD = 7, 8
"""The API ids: mutants come from accounts of the one, good requests from accounts of the other."""

SOAP: Final = "{http://schemas.xmlsoap.org/soap/envelope/}"

# What may be answered.

_ID: Final = "[0-9a-f]{32}"
_ANY_ID: Final = "[0-9A-Za-z_-]{1,64}"
_STATUS: Final = f"({'|'.join(STATUSES)})"
_PLAIN_REFUSAL: Final = f"ERR: (?P<code>{'|'.join(sorted(set(ERRORS) - {'901'}))}), [A-Z][^\n]*?"
_SENT: Final = f"(ID: {_ID}|{_PLAIN_REFUSAL})( To: [0-9]*)?"
_ASKED: Final = f"ID: {_ANY_ID} Status: {_STATUS}"
FORMS: Final = {
    name: re.compile(f"(?:{form})|{_PLAIN_REFUSAL.replace('?P<code>', '?:')}")
    for name, form in {
        "auth": f"OK: {_ID}",
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
        "startbatch": f"ID: {_ID}",
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


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes


class StoredMessage:
    """One connection, kept for every request of its owner."""

    def __init__(self, origin: str) -> None:
        place = urlsplit(origin)
        self._socket = socket.create_connection((place.hostname, place.port or 0), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._unread = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, request: Request) -> Reply:
        self._socket.sendall(request.written())
        status, headers = self._head()
        while status == 100:
            status, headers = self._head()
        length = 0 if request.method == "HEAD" else int(headers["content-length"])
        while len(self._unread) < length:
            self._read()
        body, self._unread = self._unread[:length], self._unread[length:]
        assert not self._unread, "more came than was announced"
        assert headers.get("connection", "keep-alive") == "keep-alive", "the connection is to be closed"
        return Reply(status, headers, body)

    def _head(self) -> tuple[int, dict[str, str]]:
        while (end := self._unread.find(b"\r\n\r\n")) < 0:
            self._read()
        first, *lines = self._unread[:end].decode("latin-1").split("\r\n")
        self._unread = self._unread[end + 4 :]
        headers = (line.partition(":") for line in lines)
        return int(first.split(" ")[1]), {name.lower(): value.strip() for name, _, value in headers}

    def _read(self) -> None:
        more = self._socket.recv(1 << 16)
        assert more, "the connection was broken off"
        self._unread += more


# The reading of replies; every assertion here is about the contract.


@dataclass(slots=True)
class Told:
    """What the answers told: the messages made, and the vouchers taken."""

    ids: list[str] = field(default_factory=list)
    vouchers: int = 0
    kinds: Counter[str] = field(default_factory=Counter)

    def note(self, command: str, lines: list[str]) -> None:
        self.kinds[command] += 1
        if command in SENDING:
            self.ids += [line.split(" ")[1] for line in lines if line.startswith("ID: ")]
        self.vouchers += command == "token_pay" and lines == ["OK: 605"]

    def add(self, other: "Told") -> None:
        self.ids += other.ids
        self.vouchers += other.vouchers
        self.kinds += other.kinds


def read_lines(command: str, lines: list[str], *, most: int) -> list[str]:
    assert 1 <= len(lines) <= (most if command in SENDING else 1)
    for line in lines:
        assert FORMS[command].fullmatch(line), line
    return lines


def read_envelope(dialect: Dialect, reply: Reply) -> tuple[str, list[str]] | None:
    """The command and its lines; None if it is a fault."""
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
    return command, read_lines(command, [each.text or "" for each in returned], most=300)


def read_text(command: str, method: str, reply: Reply) -> list[str]:
    assert reply.status == 200, reply.status
    assert reply.headers["content-type"] == "text/plain; charset=ISO-8859-1"
    return read_lines(command, reply.body.decode("latin-1").split("\n"), most=300 if method == "GET" else 600)


def addressed(path: str) -> tuple[Dialect | None, str | None]:
    """The dialect that is spoken there, or the command of the HTTP API that stands there."""
    path = unquote(path)
    place = path.removesuffix(".php")
    return SERVICE_PATHS.get(path), PLACES.get(place.lower() if place.startswith("/utils/") else place)


def read_reply(request: Request, reply: Reply, told: Told) -> None:
    """Whatever the request was, the reply is one of the contract's."""
    dialect, command = addressed(request.path)
    if reply.status == 421:
        assert request.headers.get("Host", "localhost") != "localhost"  # it was not meant for this machine
        told.kinds["421"] += 1
    elif dialect is not None and request.method == "POST":
        answer = read_envelope(dialect, reply)
        if answer is None:
            told.kinds["fault"] += 1
        else:
            told.note(*answer)
    elif command is not None and reply.status == 413:
        assert len(request.body) > 1 << 20
        told.kinds["413"] += 1
    elif command is not None and request.method in {"GET", "POST"}:
        told.note(command, read_text(command, request.method, reply))
    elif dialect is not None and request.method in {"GET", "HEAD"}:
        assert reply.status == 200
        told.kinds["description"] += 1
    else:
        assert reply.status in {404, 405} or (reply.status == 200 and request.path == "/"), reply.status
        told.kinds[str(reply.status)] += 1


# Good requests, and what exactly is to come of them.


class Good:
    """One caller who does everything right, and knows what it must get.

    Each step is one request; the state that it leaves is looked at when all is over.
    """

    def __init__(self, number: int, line: StoredMessage) -> None:
        self.user = f"good{number}"
        self.sent: list[tuple[str, str]] = []
        self._line = line
        self._round = 0
        self._steps = self._go()

    def step(self) -> None:
        next(self._steps)

    def _go(self) -> Iterator[None]:
        while True:
            for way in (*SERVICE_PATHS, "GET", "POST"):
                yield from self._one_round(way)

    def _one_round(self, way: str) -> Iterator[None]:
        self._round += 1
        text, own_id = f"Grüße & <{self._round}>", f"{self.user}n{self._round}"
        (opened,) = self._ask(way, "auth", api_id=GOOD, user=self.user, password="secret")
        session = opened.removeprefix("OK: ")
        assert re.fullmatch(_ID, session), opened
        yield
        one, refused, other = self._ask(
            way, "sendmsg", [FIRST, BLOCKED, SECOND], session_id=session, text=text, climsgid=own_id
        )
        assert refused == f"ERR: 121, {ERRORS['121']} To: {BLOCKED}"
        for line, to in ((one, FIRST), (other, SECOND)):
            found = re.fullmatch(f"ID: ({_ID}) To: {to}", line)
            assert found, line
            self.sent.append((found[1], text))
        yield
        last = self.sent[-1][0]
        assert self._ask(way, "querymsg", session_id=session, climsgid=own_id) == [f"ID: {last} Status: 008"]
        yield
        left = START - len(self.sent)
        assert self._ask(way, "getbalance", session_id=session) == [f"Credit: {left:.2f}"]
        yield
        charge = self._ask(way, "getmsgcharge", session_id=session, apimsgid=last)
        assert charge == [f"apiMsgId: {last} charge: 1 status: 008"]
        yield

    def _ask(self, way: str, command: str, to: list[str] | None = None, /, **values: object) -> list[str]:
        if way in {"GET", "POST"}:
            given = {**values, "to": ",".join(to)} if to else values
            form = urlencode(given, encoding="latin-1").encode()
            headers = {"Content-Type": FORM} if way == "POST" else {}
            request = Request(way, f"/http/{command}", headers=headers).saying(form)
            return read_text(command, way, self._line.ask(request))
        parts = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in values.items())
        numbers = "".join(f"<item>{each}</item>" for each in to or ())
        if SERVICE_PATHS[way] is Dialect.DOCUMENT_LITERAL:
            parts += numbers.replace("item>", "to>")
        elif to:
            parts += f"<to>{numbers}</to>"
        body = (
            '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
            f'<x:{command} xmlns:x="urn:x">{parts}</x:{command}></s:Body></s:Envelope>'
        )
        answer = read_envelope(
            SERVICE_PATHS[way], self._line.ask(Request("POST", way, headers={"Content-Type": XML}, body=body.encode()))
        )
        assert answer is not None
        assert answer[0] == command
        return answer[1]


# The tests.


def known_of(sim: Simulator) -> Known:
    """A session, a message and batches for the mutants to name."""
    wire = Wire(sim)
    session = wire.log_in(api_id=str(BAD))
    (sent,) = wire.call("sendmsg", FIRST, session_id=session, text="hi")
    batches = [
        wire.call("startbatch", session_id=session, template="Dear #field1#")[0].removeprefix("ID: ") for _ in range(40)
    ]
    return Known(session, sent.removeprefix("ID: "), batches[1:], batches[0])


class Crowd:
    """Callers who send mutants, and a good request now and then; the first that fails ends it for all."""

    def __init__(self, sim: Simulator, requests: Sequence[Request], known: Known) -> None:
        self._sim = sim
        self._requests = requests
        self._known = known
        self._failed = threading.Event()

    def send(self, worker: int, numbers: range) -> tuple[Told, Good]:
        """One caller's share, over one connection."""
        told = Told()
        with StoredMessage(self._sim.origin) as line:
            good = Good(worker, line)
            for turn, number in enumerate(numbers, 1):
                if self._failed.is_set():
                    break
                try:
                    self.send_one(line, number, told)
                    if turn % GOOD_AFTER == 0:
                        good.step()
                except BaseException as error:
                    self._failed.set()
                    error.add_note(f"during or after mutant {number} of the seed {SEED}")
                    raise
        return told, good

    def send_one(self, line: StoredMessage, number: int, told: Told) -> None:
        request = mutant(f"{SEED}-{number}", self._requests, self._known)
        try:
            read_reply(request, line.ask(request), told)
        except BaseException as error:
            error.add_note(f"sent: {request.written().hex()}")
            raise


def test_every_mutant_is_answered_by_the_contract_and_no_good_request_is_disturbed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    accounts = [Account(BAD, "acme", "secret", START)]
    accounts += [Account(GOOD, f"good{each}", "secret", START) for each in range(WORKERS)]
    with (
        Simulator(accounts=accounts, clock=Clock(speed=0), capacity=10 * MUTANTS) as sim,
        ThreadPoolExecutor(WORKERS) as pool,
    ):
        known = known_of(sim)
        crowd = Crowd(sim, corpus(known), known)
        shares = [pool.submit(crowd.send, each, range(each, MUTANTS, WORKERS)) for each in range(WORKERS)]
        results = [each.result() for each in shares]
    told = Told([known.message])
    for each, _ in results:
        told.add(each)

    messages = sim.messages
    for _, good in results:
        assert [(each.id, each.text) for each in messages if each.user == good.user] == good.sent
        assert sim.gateway.balance(GOOD, good.user) == START - len(good.sent)
    # What mutants sent was told to those who sent it, and charged.
    theirs = {each.id: each for each in messages if each.user == "acme"}
    assert sorted(theirs) == sorted(told.ids)
    spent = sum((each.charge for each in theirs.values()), Decimal())
    assert sim.gateway.balance(BAD, "acme") == START - spent + VOUCHER * told.vouchers
    # They were neither all hopeless nor all harmless.
    assert FORMS.keys() <= told.kinds.keys()
    assert told.kinds["fault"] < MUTANTS * 0.7
    assert [each.getMessage() for each in caplog.records] == []


def test_mutants_leave_nothing_behind() -> None:
    """The same mutants again and again, hardly one of which can be accepted: in the end nothing new is kept."""
    with Simulator(accounts=[Account(BAD, "acme", "secret", Decimal(1))], clock=Clock(speed=0), capacity=10) as sim:
        known = known_of(sim)
        requests = corpus(known, without={"auth", "startbatch", "token_pay"})  # what they make is kept, and rightly
        crowd = Crowd(sim, requests, known)
        with StoredMessage(sim.origin) as line:

            def kept() -> int:
                told = Told()
                for number in range(KEPT_OF):
                    crowd.send_one(line, number, told)
                del told
                gc.collect()
                theirs = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(False, f"{HERE}/*")])
                return sum(each.size for each in theirs.traces)

            tracemalloc.start()
            try:
                kept()  # lxml keeps the last hundred errors of each thread, and fills that up first
                grown = -kept() + kept()
            finally:
                tracemalloc.stop()
    assert grown < KEPT_OF * 50, f"{grown} bytes more are kept after {KEPT_OF} mutants"
