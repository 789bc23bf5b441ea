"""Outboxes of the tests, over both stores, with time limits that a test can wait for."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any, Final

import psycopg
from postgresql import PostgreSQLServer

from clicksoap import Client, Timeout
from clicksoap.outbox import MessageState, Outbox, OutboxMessage, Work
from clicksoap.outbox.tables import CAMPAIGN, EVENT, MARK, METADATA
from clicksoap.outbox.until import Settled
from clicksoap.outbox.worker import Worker

TO: Final = "27821234567"
OTHERS: Final = ("27821234561", "27821234562", "27821234563")
ACCOUNT: Final[dict[str, Any]] = {"api_id": 123456, "user": "acme", "password": "secret"}
LEASE: Final = 1.5
"""The seconds after which a claim of a hurried outbox is asked about."""
QUICK: Final = Timeout(connect=0.7, read=0.7, total=0.8)

_NUMBERS = count(1)


@dataclass
class Store:
    """A database with an empty outbox, and how to come by more of them.

    Attributes:
        name: ``sqlite`` or ``postgresql``.
        url: The address of an empty outbox.
        folder: A folder of the test.
        server: The server, where it is PostgreSQL.
    """

    name: str
    url: str
    folder: Path
    server: PostgreSQLServer | None = None
    boxes: list[Outbox] = field(default_factory=list)

    def box(self, *, hurried: bool = True, **options: Any) -> Outbox:
        """Another Outbox of the same database; a hurried one waits for seconds where a usual one waits for minutes."""
        box = Outbox(self.url, **{"believe_after": 0.2, **options} if hurried else options)
        if hurried:
            box._limits = replace(box._limits, start=0.6, margin=0.1)
        self.boxes.append(box)
        return box

    def empty(self) -> str:
        """The address of another database, which holds nothing."""
        if self.server is None:
            return f"sqlite:///{self.folder}/empty{next(_NUMBERS)}.db"
        return self.server.create(f"empty{next(_NUMBERS)}")

    @property
    def path(self) -> Path:
        """The file of an SQLite database."""
        return Path(self.url.removeprefix("sqlite:///"))

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of a statement, on a connection of its own."""
        if self.server is None:
            import sqlite3  # noqa: PLC0415 - beside the other one

            raw = sqlite3.connect(self.path, timeout=10)
            try:
                with raw:
                    return raw.execute(statement).fetchall()
            finally:
                raw.close()
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


def sqlite_store(template: Path, folder: Path) -> Store:
    """A copy of an empty outbox in a file."""
    path = folder / "outbox.db"
    shutil.copy(template, path)
    path.chmod(0o600)
    return Store("sqlite", f"sqlite:///{path}", folder)


def postgresql_store(server: PostgreSQLServer, name: str, folder: Path) -> Store:
    """A database of PostgreSQL whose outbox is emptied first: that is quicker than another database."""
    store = Store("postgresql", server.url(name), folder, server)
    kept = {MARK.name, CAMPAIGN.name, EVENT.name}
    tables = [each.name for each in reversed(METADATA.sorted_tables) if each.name not in kept]
    # To delete a few rows takes less time than TRUNCATE, which makes new files for a table and all its indexes.
    store.sql(
        ";".join(
            (
                *(f"DELETE FROM {each}" for each in tables),  # noqa: S608 - our own names
                f"TRUNCATE {EVENT.name}",  # whose rows nobody may delete
                "DELETE FROM clicksoap_campaign WHERE id > 0",
                "UPDATE clicksoap_mark SET generation = 1, high_water = 0, restored_at = NULL",
            )
        )
    )
    return store


def client(gateway: Any, **options: Any) -> Client:
    """A client of a simulator or of another server that has an origin."""
    return Client(**{**ACCOUNT, "endpoint": gateway.origin, **options})


def enqueue(box: Outbox, *to: str, key: str = "key", text: Any = "hello", **options: Any) -> tuple[OutboxMessage, ...]:
    """Enqueue a message in a transaction of its own, and return it."""
    with box.transaction() as transaction:
        box.enqueue(transaction, list(to) or [TO], text, key=key, **options)
    return box.get(key)


def states(box: Outbox, key: str = "key") -> list[str]:
    """The states of the messages of a key."""
    return [each.state.value for each in box.get(key)]


def settle(box: Outbox, sms: Any, **options: Any) -> Work:
    """Work until every message is settled."""
    result: list[Work] = []
    with working(box, sms, until_settled=True, result=result, **options) as worker:
        until(lambda: bool(result), "everything is settled", each=worker)
    return result[0]


def until(condition: Callable[[], object], what: str, seconds: float = 30, each: Any = None) -> None:
    """Wait until a condition holds; the test fails if it does not in time.

    A condition that is costly is looked at less often, so that it does not take the time of what it waits for.
    """
    end = time.monotonic() + seconds
    pause = threading.Event()
    while True:
        began = time.thread_time()
        if condition():
            return
        cost = time.thread_time() - began
        if each is not None and getattr(each, "problem", None) is not None:
            raise each.problem
        assert time.monotonic() < end, f"in {seconds:g} s it did not come to this: {what}"
        pause.wait(min(max(0.01, 10 * cost), 0.1))


@contextmanager
def working(  # noqa: PLR0913 - as Outbox.work
    box: Outbox,
    sms: Any,
    *,
    account: str = "default",
    senders: int = 4,
    rate: float | None = None,
    floor: float | None = None,
    grace: float = 5.0,
    until_settled: bool = False,
    result: list[Work] | None = None,
) -> Iterator[Worker]:
    """A worker in a thread, which is stopped at the end; what it raises is raised there."""
    end = Settled(account) if until_settled else None
    worker: Any = box._worker(sms, account, senders, rate, floor, grace, None, end)
    worker.problem = None

    def run() -> None:
        try:
            done = worker.run()
            if result is not None:
                result.append(done)
        except Exception as error:  # noqa: BLE001 - raised again below
            worker.problem = error

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield worker
    finally:
        worker.stop()
        thread.join(60)
    assert not thread.is_alive()
    if worker.problem is not None:
        raise worker.problem


def sound(box: Outbox) -> dict[str, int]:
    """How many messages are in each state, after the outbox checked itself."""
    found = box.check()
    assert found.is_sound, str(found)
    return {MessageState(state).value: number for state, number in found.by_state.items()}
