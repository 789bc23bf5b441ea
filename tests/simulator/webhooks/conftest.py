"""A customer's server that keeps what it is told, and a simulator whose clock stands still until it is moved."""

import re
import socket
import subprocess
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qsl, urlsplit

import pytest
from rawserver import Answer, RawServer, Received, reply

from clicksoap.simulator import Account, CallbackUrl, Clock, Command, Message, Settings, Simulator

API_ID = 7
USER = "acme"
TO = "27820000001"


@dataclass(frozen=True)
class Told:
    """One request to the customer's server, read by nobody who wrote it."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @classmethod
    def of(cls, received: Received) -> Self:
        first, *lines = received.head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        parts = urlsplit(target)
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        return cls(method, parts.path, parts.query, headers, received.body)

    @property
    def encoded(self) -> str:
        return self.query if self.method == "GET" else self.body.decode("ascii")

    @property
    def fields(self) -> dict[str, str]:
        """The query or the form, each byte a character."""
        return dict(parse_qsl(self.encoded, keep_blank_values=True, encoding="latin-1", strict_parsing=True))

    @property
    def credentials(self) -> str:
        scheme, _, encoded = self.headers["authorization"].partition(" ")
        assert scheme == "Basic"
        return b64decode(encoded).decode()


class Customer(RawServer):
    """The customer's server: answers as it is told to, one answer after the other, and then 200."""

    def __init__(self) -> None:
        super().__init__(self._next)
        self.answers: list[Answer] = []

    @property
    def told(self) -> list[Told]:
        return [Told.of(each) for each in self.requests]

    @property
    def statuses(self) -> list[str]:
        """The statuses that were reported, in the order in which they came."""
        return [each.fields["status"] for each in self.told]

    def url(self, path: str = "/called") -> str:
        return f"{self.origin}{path}"

    def fail(self, *statuses: str) -> None:
        self.answers += [_answering(status) for status in statuses]

    def _next(self, connection: socket.socket, received: Received) -> None:
        (self.answers.pop(0) if self.answers else _answering("200 OK"))(connection, received)


def _answering(status: str) -> Answer:
    def answer(connection: socket.socket, received: Received) -> None:
        assert re.search(rb"(?i)^connection: close", received.head, re.MULTILINE)
        connection.sendall(reply(b"Thanks", status, "text/plain", ("Location: /elsewhere",)))

    return answer


def sent(sim: Simulator, *to: str, callback: int = 7, **values: str) -> Message:
    """A message of the first account, just accepted; the last one if there are several."""
    who = {"api_id": str(API_ID), "user": USER, "password": "secret"}
    given = {"text": "hi", "msg_callback": str(callback), **{name.strip("_"): each for name, each in values.items()}}
    lines = sim.gateway.execute(Command("sendmsg", {**who, **given}, to or (TO,)))
    assert lines[0].startswith("ID: "), lines
    return sim.gateway.messages[-1]


def live(sim: Simulator, **step: float) -> None:
    """Let time pass, a minute unless said, and everything that is due be delivered."""
    sim.clock.advance(**(step or {"minutes": 1}))
    sim.callbacks.settle()


def statuses_tried(sim: Simulator) -> list[tuple[str, int]]:
    """Every attempt as its status and which try it was, the earliest first."""
    return [(each.status, each.nth) for each in reversed(sim.callbacks.attempts())]


Make = Callable[..., Simulator]


@pytest.fixture
def customer() -> Iterator[Customer]:
    with Customer() as server:
        yield server


@pytest.fixture
def make(customer: Customer) -> Iterator[Make]:
    """Makes a running simulator that calls the customer as a ``CallbackUrl`` of these choices."""
    with ExitStack() as stack:

        def made(*, path: str = "/called", settings: Settings | None = None, **choices: str) -> Simulator:
            target = CallbackUrl(customer.url(path), **choices)  # type: ignore[arg-type]
            account = Account(API_ID, USER, "secret", callback=target, inbound=target)
            return stack.enter_context(
                Simulator(accounts=[account], settings=settings or Settings(), clock=Clock(speed=0))
            )

        yield made


@pytest.fixture
def sim(make: Make) -> Simulator:
    return make()


@pytest.fixture
def php(program: Callable[[str], str]) -> list[str]:
    """PHP with its SOAP extension."""
    found = program("php")
    modules = subprocess.run([found, "-m"], capture_output=True, text=True, check=True).stdout.split()
    return [found] if "soap" in modules else [found, "-d", "extension=soap"]
