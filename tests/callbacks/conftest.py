"""A receiver that notes what its handlers get, and a simulator that calls it."""

import asyncio
import os
import sqlite3
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import psycopg
import pytest
from postgresql import PostgreSQLServer, postgresql, programs
from receivers import ALL, Serve

from clicksoap import DeliveryReport, InboundMessage
from clicksoap.callbacks import CallbackRequest, Callbacks, PostgreSQLStore, SQLiteStore
from clicksoap.simulator import Account, CallbackUrl, Clock, Command, Settings, Simulator

API_ID = 7
USER = "acme"
TO = "27820000001"
CUSTOMER = "27123456789"
PATH = "/hooks/0f8e2a6b4c1d9357"


@dataclass
class Noted:
    """What the handlers of a receiver were given, and how often they are to fail before."""

    callbacks: Callbacks
    reports: list[DeliveryReport] = field(default_factory=list)
    inbound: list[InboundMessage] = field(default_factory=list)
    failures: int = 0
    calls: int = 0

    @property
    def codes(self) -> list[str]:
        return [report.code for report in self.reports]

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.inbound]

    def fail_or(self, note: Callable[[], None]) -> None:
        self.calls += 1
        if self.failures:
            self.failures -= 1
            raise RuntimeError("the database is down, said 27820000001")
        note()


_made: list[Callbacks] = []


def stop_receivers() -> None:
    """Stop the receivers that `noting` made: one whose store is closed would try it again during other tests."""
    while _made:
        _made.pop()._thread_background.stop()
    for thread in threading.enumerate():
        if thread.name == "clicksoap-callbacks":
            thread.join(5)


@pytest.fixture(autouse=True)
def stopped() -> Iterator[None]:
    yield
    stop_receivers()


def noting(*, is_async: bool = False, **choices: Any) -> Noted:
    """A receiver with a handler of each kind."""
    noted = Noted(Callbacks(**({"anybody": True} | choices)))
    _made.append(noted.callbacks)

    def report(event: DeliveryReport) -> None:
        noted.fail_or(lambda: noted.reports.append(event))

    def inbound(event: InboundMessage) -> None:
        noted.fail_or(lambda: noted.inbound.append(event))

    async def report_async(event: DeliveryReport) -> None:
        report(event)

    async def inbound_async(event: InboundMessage) -> None:
        inbound(event)

    noted.callbacks.on_delivery_report(report_async if is_async else report)
    noted.callbacks.on_inbound(inbound_async if is_async else inbound)
    return noted


@contextmanager
def simulating(
    origin: str, variant: str = "http", method: str = "POST", *, settings: Any = None, **choices: str
) -> Generator[Simulator]:
    """A simulator whose clock stands still, and which calls a receiver."""
    target = CallbackUrl(f"{origin}{choices.pop('path', PATH)}", method, variant, **choices)  # type: ignore[arg-type]
    account = Account(API_ID, USER, "secret", callback=target, inbound=target)
    with Simulator(accounts=[account], clock=Clock(speed=0), settings=settings or Settings()) as sim:
        yield sim


def send(sim: Simulator, to: str = TO) -> str:
    """Send a message whose every status is reported; gives its id."""
    values = {"api_id": str(API_ID), "user": USER, "password": "secret", "text": "hi", "msg_callback": "7"}
    lines = sim.gateway.execute(Command("sendmsg", values, (to,)))
    return lines[0].removeprefix("ID: ")


def live(sim: Simulator, **step: float) -> None:
    """Let time pass, a minute unless said, and everything that is due be delivered."""
    sim.clock.advance(**(step or {"minutes": 1}))
    assert sim.callbacks.settle()


def say(sim: Simulator, text: str) -> None:
    """Send a text from a handset to the customer."""
    sim.handset.send(text, sender=TO, to=CUSTOMER, api_id=API_ID, user=USER)
    assert sim.callbacks.settle()


class SQLitePlace:
    """A file that several stores open, as processes of one machine do."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.address = str(path)
        self._opened: list[SQLiteStore] = []

    def open(self) -> SQLiteStore:
        self._opened.append(SQLiteStore(self.path))
        return self._opened[-1]

    def end_leases(self) -> None:
        """Let the leases of all claims end."""
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute("UPDATE callback_events SET lease = 1 WHERE lease > 0")

    def break_down(self) -> None:
        """Let every later use fail."""
        self.close()

    def close(self) -> None:
        for store in self._opened:
            store.close()


class PostgreSQLPlace:
    """A database without tables, that several stores open."""

    def __init__(self, server: PostgreSQLServer) -> None:
        self.address = server.url()
        self._opened: list[PostgreSQLStore] = []
        self.execute("DROP TABLE IF EXISTS clicksoap_callback_event, clicksoap_callback_group")

    def open(self) -> PostgreSQLStore:
        self._opened.append(PostgreSQLStore(self.address))
        return self._opened[-1]

    def end_leases(self) -> None:
        """Let the leases of all claims end."""
        self.execute("UPDATE clicksoap_callback_group SET lease = 1 WHERE lease > 0")

    def break_down(self) -> None:
        """Let every later use fail."""
        self.execute("DROP TABLE IF EXISTS clicksoap_callback_event, clicksoap_callback_group")

    def close(self) -> None:
        for store in self._opened:
            store.close()

    def execute(self, statement: str) -> None:
        with psycopg.connect(self.address) as connection:
            connection.execute(statement.encode())


Place = SQLitePlace | PostgreSQLPlace


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgreSQLServer]:
    """A PostgreSQL server for all tests of this process."""
    if programs() is None:
        reason = "PostgreSQL is not installed (tests/foreign/install.sh)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with postgresql() as running:
        yield running


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "callbacks.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """The place of a store, of each kind in turn."""
    found: Place
    if request.param == "sqlite":
        found = SQLitePlace(request.getfixturevalue("path"))
    else:
        found = PostgreSQLPlace(request.getfixturevalue("postgresql_server"))
    yield found
    stop_receivers()
    found.close()


@pytest.fixture
def store(place: Place) -> SQLiteStore | PostgreSQLStore:
    """A store of each kind in turn."""
    return place.open()


@pytest.fixture(params=ALL)
def serve(request: pytest.FixtureRequest) -> Serve:
    """Serves a receiver under each server and framework in turn."""
    return ALL[request.param]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as entered:
        yield entered


@pytest.fixture
def run() -> Callable[..., None]:
    """Gives a receiver a request, in this thread or in an event loop, and waits for an event."""

    def give(callbacks: Callbacks, request: CallbackRequest, done: Event, *, is_async: bool) -> None:
        async def given() -> None:
            assert (await callbacks.handle_async(request)).status == 200
            assert await asyncio.to_thread(done.wait, 10)
            await callbacks.aclose()

        if is_async:
            asyncio.run(given())
        else:
            assert callbacks.handle(request).status == 200
            assert done.wait(10)

    return give
