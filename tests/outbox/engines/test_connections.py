"""Connections to PostgreSQL: how many a worker holds, and what happens when none is left."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import psycopg
import pytest
from outboxes import Store, enqueue, sound, until
from postgresql import postgresql, programs

from clicksoap.errors import OutboxUnavailable
from clicksoap.outbox import Outbox
from clicksoap.simulator import Simulator

from .conftest import OF_WORKERS, WORKER, far_worker, sampled

ROOT = Path(__file__).parents[3]
MOST = 8
NOTHING_LEFT = "the database has too few resources, such as connections"


@pytest.fixture
def few(tmp_path: Path) -> Iterator[Store]:
    """An outbox in a PostgreSQL server that grants few connections."""
    if programs() is None:
        assert "CI" not in os.environ, "PostgreSQL is not installed"
        pytest.skip("PostgreSQL is not installed")
    limits = ["-c", f"max_connections={MOST}", "-c", "superuser_reserved_connections=0"]
    with postgresql("-c", "fsync=off", *limits) as server:
        store = Store("postgresql", server.create("outbox"), tmp_path, server)
        yield store
        for each in store.boxes:
            each.close()


def started(store: Store, gateway: Simulator, senders: int = 4) -> list[str]:
    return [sys.executable, "-c", WORKER, store.url, gateway.origin, str(senders)]


class Program:
    """A program of somebody else's that takes every connection there is, also those of the workers."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._held = [psycopg.connect(url, autocommit=True)]

    @property
    def connection(self) -> psycopg.Connection:
        return self._held[0]

    def of_workers(self) -> int:
        (count,) = self.connection.execute(f"SELECT count(*) FROM pg_stat_activity WHERE {OF_WORKERS}").fetchone() or ()  # noqa: S608 - a constant
        return int(count)

    def take_all(self) -> bool:
        """Take what is free, and end the connections of the workers; true once they have none."""
        with suppress(psycopg.OperationalError):
            while True:
                self._held.append(psycopg.connect(self._url, autocommit=True))
        self.connection.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OF_WORKERS}")  # noqa: S608 - as above
        return len(self._held) == MOST

    def give_back(self) -> None:
        """Close all but one."""
        while len(self._held) > 1:
            self._held.pop().close()

    def close(self) -> None:
        self.give_back()
        self.connection.close()


def test_workers_wait_while_no_connection_is_left_and_lose_and_double_nothing(few: Store, gateway: Simulator) -> None:
    box = few.box().open()
    numbers = [f"278212345{each:02}" for each in range(60)]
    for each in numbers[:40]:
        enqueue(box, each, key=each)
    box.set_rate(1)
    gateway.faults.add("delay", command="sendmsg", seconds=0.5, times=3)
    with ExitStack() as stack:
        workers = [stack.enter_context(far_worker(started(few, gateway))) for _ in range(3)]
        until(lambda: len(gateway.messages) >= 3 and len(box.status().workers) == 3, "all of them work", 90)
        box.close()
        program = Program(few.url)
        stack.callback(program.close)
        until(program.take_all, "no connection is left", seconds=60)
        until(lambda: all("database lost" in each.lines for each in workers), "they notice it", seconds=60)

        # A program that enqueues within its own transaction needs no connection beside its own.
        for each in numbers[40:]:
            box.enqueue(program.connection, each, "text", key=each)
        with pytest.raises(OutboxUnavailable, match=NOTHING_LEFT):
            box.status()
        sent = len(gateway.messages)
        late = subprocess.run(started(few, gateway), cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
        assert late.returncode == 1
        assert NOTHING_LEFT in late.stderr
        # What was claimed before is under way; nothing new is taken, although it is due.
        assert len(gateway.messages) <= sent + 3 < 40
        assert program.of_workers() == 0
        assert all(each.process.poll() is None for each in workers)

        program.give_back()
        box.set_rate(None)
        until(lambda: all("database back" in each.lines for each in workers), "they go on", seconds=60)
        until(lambda: sound(box) == {"accepted": 60}, "everything is settled", seconds=60)
    assert sorted(each.to for each in gateway.messages) == numbers


@pytest.mark.parametrize(("processes", "senders"), [(1, 8), (1, 64), (3, 8)])
def test_a_worker_process_holds_one_connection_however_many_senders_it_has(
    processes: int, senders: int, few: Store, gateway: Simulator
) -> None:
    with Outbox(few.url) as box, box.transaction() as transaction:
        for each in range(300):
            box.enqueue(transaction, f"27821234{each:03}", "text", key=str(each))
    with sampled(few.url) as seen, ExitStack() as stack:
        for _ in range(processes):
            stack.enter_context(far_worker(started(few, gateway, senders)))
        until(lambda: len(gateway.messages) == 300 and max(seen) >= processes, "all is sent", seconds=90)
    assert max(seen) == processes
    with Outbox(few.url) as box:
        assert box.check().messages == 300
