"""What the proofs of the outbox share: the gateway as a process, workers as processes, stores, and the comparison."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import text

from clicksoap import Client, Timeout
from clicksoap.outbox import Outbox, Priority, worker
from clicksoap.outbox.sending import Fate

ROOT = Path(__file__).parents[3]
LOST_SHARE = 0.05
SINGLES, GROUPS, GROUP, ALERTS = 24, 4, 5, 4
ROWS = SINGLES + GROUPS * GROUP + ALERTS
# A run takes seconds: leases end early, and a denial is believed early.
TIMEOUT = Timeout(total=2)
START, MARGIN, BELIEVE_AFTER = 0.5, 0.3, 0.4


class Gateway:
    """The simulator as a process of its own."""

    def __init__(self, record: Path, seed: int, port: int = 0, share: float = LOST_SHARE) -> None:
        self.record = record
        command = [sys.executable, "-m", "tests.outbox.proofs.gateway", str(record), str(seed), str(port), str(share)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8", cwd=ROOT
        )
        self.port = int(self._line())

    def kill_at(self, group: int, nth: int) -> None:
        """Kill a process group when the nth send from now on has arrived."""
        self._ask({"kill": group, "nth": nth})

    def lost(self) -> set[str]:
        """The client message ids of the sends since the last question whose answer was dropped."""
        return set(self._ask({"lost": True}))

    def arrived(self, prefix: str) -> dict[str, list[dict[str, str]]]:
        """What the record holds for the numbers of a run."""
        found: dict[str, list[dict[str, str]]] = {}
        if self.record.exists():
            for line in self.record.read_text("utf-8").splitlines():
                entry = json.loads(line)
                number = entry["to"].lstrip("+")
                if number.startswith(prefix):
                    found.setdefault(number, []).append(entry)
        return found

    def _ask(self, question: dict[str, Any]) -> list[str]:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        answer: list[str] = json.loads(self._line())
        return answer

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the gateway of the proof ended"
        return line

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(20)


class Stores:
    """Makes an empty store for each run: a copy of one that has its tables.

    Args:
        folder: Where files are put.
        server: The address of a PostgreSQL server without a database's name; empty for SQLite.
        name: Begins the names of the databases, so that several programs share a server.
    """

    def __init__(self, folder: Path, server: str, name: str) -> None:
        self._folder = folder
        self._server = server
        self._name = f"{name}_{os.getpid()}"
        self._count = 0
        self._template = self._fresh("template")
        with Outbox(self._template):
            pass

    def make(self) -> str:
        """An empty store; gives its address."""
        self._count += 1
        return self.copy(self._template, f"{self._count}")

    def copy(self, url: str, name: str) -> str:
        """A copy of a store that nobody uses at present."""
        if not self._server:
            made = self._folder / f"{name}.db"
            with (
                closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as source,
                closing(sqlite3.connect(made)) as target,
            ):
                source.backup(target)
            return f"sqlite:///{made}"
        return self._fresh(name, url.rpartition("/")[2])

    def drop(self, url: str) -> None:
        """Remove a store."""
        if not self._server:
            for path in self._folder.glob(f"{Path(url.removeprefix('sqlite:///')).name}*"):
                path.unlink()
            return
        self._sql(f'DROP DATABASE "{url.rpartition("/")[2]}" WITH (FORCE)')

    def exchange(self, url: str, other: str) -> None:
        """Put a copy in the place of a store, also while it is used."""
        if not self._server:
            path = Path(url.removeprefix("sqlite:///"))
            for companion in (f"{path}-wal", f"{path}-shm"):
                Path(companion).unlink(missing_ok=True)
            Path(other.removeprefix("sqlite:///")).replace(path)
            return
        name = url.rpartition("/")[2]
        self.drop(url)
        self._sql(f'ALTER DATABASE "{other.rpartition("/")[2]}" RENAME TO "{name}"')

    def _fresh(self, name: str, template: str = "template0") -> str:
        if not self._server:
            return f"sqlite:///{self._folder / name}.db"
        full = f"{self._name}_{name}"
        self._sql(f'CREATE DATABASE "{full}" TEMPLATE "{template}"')
        return f"{self._server}/{full}"

    def _sql(self, statement: str) -> None:
        import psycopg  # noqa: PLC0415 - only where PostgreSQL is proven

        with psycopg.connect(f"{self._server}/postgres", autocommit=True) as connection:
            for attempt in range(50):
                try:
                    connection.execute(statement.encode())
                except psycopg.errors.ObjectInUse:  # a killed worker's session ends a moment later
                    if attempt == 49:
                        raise
                    time.sleep(0.1)
                else:
                    return


@contextmanager
def servers(store: str) -> Iterator[str]:
    """The address of a PostgreSQL server for the store ``postgresql``; empty for ``sqlite``."""
    if store == "sqlite":
        yield ""
        return
    from postgresql import postgresql  # noqa: PLC0415 - only where PostgreSQL is proven

    with postgresql() as server:
        yield server.url().rpartition("/")[0]


def outbox(url: str, mark: Path | None = None) -> Outbox:
    """An outbox with short time limits."""
    box = Outbox(url, believe_after=BELIEVE_AFTER, mark=mark)
    box._limits = replace(box._limits, start=START, margin=MARGIN)
    return box


def client(port: int, **options: Any) -> Client:
    """A client of the gateway."""
    endpoint = f"http://127.0.0.1:{port}"
    return Client(123456, "acme", "secret", endpoint=endpoint, timeout=TIMEOUT, region="ZA", **options)


@contextmanager
def noting_time_outs(folder: Path) -> Iterator[None]:
    """Write down which requests of this process ran into the client's time limit: on a busy machine some do."""
    module: Any = worker
    send = module.send

    def noted(*arguments: Any) -> Any:
        sent = send(*arguments)
        if sent.fate is Fate.LOST and "time" in sent.why:
            with (folder / f"time-outs-{os.getpid()}").open("a") as file:
                file.write(f"{sent.claimed.request_id}\n")
        return sent

    module.send = noted
    try:
        yield
    finally:
        module.send = send


def timed_out(folder: Path) -> set[str]:
    """The requests that ran into the client's time limit."""
    return {line for path in folder.glob("time-outs-*") for line in path.read_text().split()}


def prefix_of(run: int) -> str:
    """How the numbers of a run begin."""
    return f"278{run % 10_000:04}"


def fill(url: str, run: int, singles: int = SINGLES, groups: int = GROUPS, alerts: int = ALERTS) -> int:
    """Enqueue the messages of a run; returns how many rows there are then."""
    numbers = (f"{prefix_of(run)}{each:05}" for each in range(100_000))
    kinds = ["single"] * singles + ["group"] * groups + ["alert"] * alerts
    random_of(run).shuffle(kinds)
    box = outbox(url)
    with box, box.transaction() as transaction:
        for each, kind in enumerate(kinds):
            to = [next(numbers) for _ in range(GROUP if kind == "group" else 1)]
            priority = Priority.ALERT if kind == "alert" else Priority.NORMAL
            box.enqueue(transaction, to, kind, key=f"{run} {kind} {each}", priority=priority)
    return singles + groups * GROUP + alerts


def rows(url: str, where: str = "1 = 1") -> list[Any]:
    """The rows of an outbox as they are stored."""
    box = outbox(url)
    with box, box._database.read() as connection:
        query = f"SELECT m.*, r.size FROM clicksoap_message m LEFT JOIN clicksoap_request r ON r.id = m.request_id WHERE {where}"  # noqa: S608, E501 - constants
        return list(connection.execute(text(query)))


def sending(url: str) -> set[str]:
    """The requests that are out."""
    return {row.request_id for row in rows(url, "m.state = 'sending'")}


class Process:
    """A worker in a process group of its own, forked: nothing has to be imported again."""

    def __init__(self, job: Callable[[], object]) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        read, write = os.pipe()
        self.id = os.fork()
        if self.id == 0:
            code = 1
            try:
                os.setsid()
                os.close(write)
                os.read(read, 1)
                job()
                code = 0
            except BaseException:  # noqa: BLE001 - told, and the process must not go on with its parent's work
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)
        os.close(read)
        self._go = write
        self.code: int | None = None

    def go(self) -> Self:
        """Let it begin."""
        os.write(self._go, b"x")
        os.close(self._go)
        return self

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to its group, if it is there still."""
        if self.code is not None:
            return
        try:
            os.killpg(self.id, number)
        except ProcessLookupError:  # it has no group of its own yet
            os.kill(self.id, number)

    def wait(self, seconds: float = 300.0) -> int:
        """Wait for its end; gives its exit code, or the negative number of the signal that killed it."""
        if not self.ends_within(seconds):
            self.kill()
            self.ends_within(10)
            raise AssertionError(f"a worker did not end within {seconds:g} s")
        assert self.code is not None
        return self.code

    def ends_within(self, seconds: float) -> bool:
        """Whether it ends in time."""
        end = time.monotonic() + seconds
        while self.code is None:
            done, status = os.waitpid(self.id, os.WNOHANG)
            if done:
                self.code = os.waitstatus_to_exitcode(status)
            elif time.monotonic() >= end:
                return False
            else:
                time.sleep(0.005)
        return True


@dataclass
class Outcome:
    """What a run or several ended with."""

    runs: int = 0
    rows: int = 0
    kills: int = 0
    lost: int = 0
    doubled: int = 0
    doubtful: int = 0
    unknown_singles: int = 0
    problems: list[str] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        for name in ("runs", "rows", "kills", "lost", "doubled", "doubtful", "unknown_singles"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.problems += other.problems

    @property
    def holds(self) -> bool:
        return not (self.lost or self.doubled or self.unknown_singles or self.problems)


def compare(url: str, gateway: Gateway, run: int, count: int, excused: set[str]) -> Outcome:
    """Compare the record of the gateway with an outbox, row by row.

    Args:
        url: The outbox.
        gateway: The gateway.
        run: The run, whose numbers are compared.
        count: How many rows there have to be.
        excused: The requests whose answer was dropped, or that were out when their worker was killed; those that
            ran into the client's time limit come on top.
    """
    result = Outcome(runs=1, rows=count)
    excused = excused | timed_out(gateway.record.parent)
    arrived = gateway.arrived(prefix_of(run))
    stored = rows(url)
    if len(stored) != count:
        result.problems.append(f"run {run}: {len(stored)} rows instead of {count}")
    if unknown := set(arrived) - {row.msisdn for row in stored}:
        result.problems.append(f"run {run}: {len(unknown)} messages of no row")
    for row in stored:
        there = arrived.get(row.msisdn, [])
        told = f"run {run}, {row.row_key}, {row.state}"
        result.doubled += len(there) > 1
        if len(there) > 1:
            result.problems.append(
                f"{told}: arrived {len(there)} times ({[each['client_message_id'] for each in there]})"
            )
        if row.state == "accepted":
            result.lost += not there
            if there and (row.message_id, row.request_id) not in [
                (each["id"], each["client_message_id"]) for each in there
            ]:
                result.problems.append(f"{told}: the gateway calls it otherwise")
        elif row.state in ("unconfirmed", "unknown"):
            result.doubtful += 1
            result.lost += row.state == "unconfirmed" and not there
            result.unknown_singles += row.size == 1
            if row.size == 1 or row.request_id not in excused:
                result.problems.append(f"{told}: nothing excuses the doubt: {row.why}")
        else:
            result.lost += not there
            result.problems.append(f"{told}: {row.why}")
    with outbox(url) as box:
        found = box.check()
        result.problems += [] if found.is_sound else [f"run {run}: {found}"]
        result.problems += [f"run {run}: {each.detail}" for each in box.events() if each.what == "doubled"]
    return result


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for the files of a proof."""
    with tempfile.TemporaryDirectory(prefix="clicksoap-proof-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def counted(events: list[str]) -> str:
    """A list of words with their counts."""
    return ", ".join(f"{count} {each}" for each, count in sorted(Counter(events).items()))


def random_of(seed: int, *what: object) -> random.Random:
    """Chance that a seed repeats."""
    return random.Random(f"{seed} {what}")  # noqa: S311 - chance, not secrecy
