"""The outbox at its pace: personalised rows against a gateway that takes 100 ms, on SQLite and PostgreSQL.

    python -m benchmarks.outbox                       # 20 000 rows at 300 and at 1 000 parts a second, on both stores
    python -m benchmarks.outbox --rows 3000 --rate 300 --store sqlite --workers 1
    python -m benchmarks.outbox --tasks               # besides, the same rows as one Celery task each with raw zeep
    python -m benchmarks.outbox --cost                # what the outbox costs beside the bare client, one core

Two worker processes send. Each run prints how much of the pace was reached, whether any window broke its bound, and how
long an alert took from its commit to the gateway. ``--open-transaction`` leaves a transaction of another connection
open throughout. ``--stopped-worker`` stops a third worker (SIGSTOP) within its claim, and prints for how long nothing
was sent then.
"""

import argparse
import contextlib
import itertools
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, create_engine, event, select, text

from benchmarks.canned_server import receipts, running
from benchmarks.measuring import median, pin
from clicksoap import Client
from clicksoap.outbox import MessageState, Outbox, Priority
from clicksoap.outbox.tables import REQUEST

ROOT: Final = Path(__file__).parents[1]
LATENCY: Final = 0.1
TEXT: Final = "Your invoice is due"
ALERTS: Final = 200
SENDERS: Final = {300: 64, 1000: 240}
_UNTIL_STOPPED: Final = 15.0


@contextlib.contextmanager
def store(name: str) -> Iterator[str]:
    """The URL of an empty outbox that writes through."""
    if name == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/outbox.db"
        return
    sys.path.insert(0, str(ROOT / "tests" / "support"))
    from postgresql import postgresql  # noqa: PLC0415 - a helper of the tests

    with postgresql("-c", "fsync=on") as server:
        yield server.create("outbox")


def client(port: int) -> Client:
    """A client of the canned gateway."""
    return Client(123456, "acme", "secret", endpoint=f"http://127.0.0.1:{port}")


def worker_command(url: str, port: int, rate: int, senders: int) -> list[str]:
    """The command of a worker in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.outbox", "--worker", url, "--port", str(port)]
    return [*command, "--rate", str(rate), "--senders", str(senders)]


@contextlib.contextmanager
def working(url: str, port: int, rate: int, senders: int, workers: int) -> Iterator[None]:
    """Workers in processes of their own, which share the senders."""
    command = worker_command(url, port, rate, -(-senders // workers))
    processes = [subprocess.Popen(command, cwd=ROOT) for _ in range(workers)]
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


@contextlib.contextmanager
def stopped_worker(url: str, port: int, rate: int) -> Iterator[None]:
    """A worker that is stopped within its claim before the block begins, and killed after it."""
    process = subprocess.Popen([*worker_command(url, port, rate, 8), "--stopped-worker"], cwd=ROOT)
    try:
        end = time.monotonic() + _UNTIL_STOPPED
        while os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            if time.monotonic() > end:
                raise TimeoutError("the third worker got nothing to claim: give more rows")
            time.sleep(0.05)
        yield
    finally:
        process.kill()
        process.wait()


def work(url: str, port: int, rate: int, senders: int, *, stops: bool) -> None:
    """Be a worker; one that stops does so before the commit of its first claim, with its locks held."""
    box = Outbox(url)
    if stops:
        box.open()

        def stop(connection: Connection) -> None:
            own = f"{socket.gethostname()} {os.getpid()}"
            if connection.execute(select(REQUEST.c.id).where(REQUEST.c.worker == own).limit(1)).first():
                os.kill(os.getpid(), signal.SIGSTOP)

        event.listen(box._database.engine, "commit", stop)  # noqa: SLF001 - between a claim and its commit
    box.work(client(port), rate=rate, senders=senders)


def worst_excess(times: Sequence[float], rate: float) -> float:
    """By how many parts the worst window exceeds its bound, rate * t + max(300, rate * 0.2); negative if none does."""
    bound = max(300.0, rate * 0.2)
    # The excess of a window is the rise of (parts so far - rate * time); the worst is the largest rise.
    lowest, worst = float("inf"), float("-inf")
    for count, at in enumerate(times):
        lowest = min(lowest, count - rate * at)
        worst = max(worst, count + 1 - rate * at - lowest)
    return worst - bound


def enqueue_alerts(box: Outbox, count: int, pause: float) -> dict[str, float]:
    """Enqueue alerts one by one; returns when each was committed, by its number."""
    committed: dict[str, float] = {}
    for position in range(count):
        number = f"2799{position:07}"
        with box.transaction() as transaction:
            box.enqueue(
                transaction,
                number,
                "Your code is 123456",
                key=f"alert {position}",
                priority=Priority.ALERT,
                expires_in=60,
            )
        committed[number] = time.time()
        time.sleep(pause)
    return committed


def fill(box: Outbox, rows: int) -> None:
    """Enqueue personalised messages."""
    for start in range(0, rows, 1000):
        with box.transaction() as transaction:
            for position in range(start, min(start + 1000, rows)):
                message = f"Dear customer {position}, your invoice is due"
                box.enqueue(transaction, f"2782{position:07}", message, key=f"row {position}")


@dataclass(frozen=True, slots=True)
class Trial:
    """One run: so many rows at a rate, and what else goes on meanwhile."""

    store: str
    rows: int
    rate: int
    senders: int
    workers: int
    has_alerts: bool
    has_open_transaction: bool
    has_stopped_worker: bool

    def run(self) -> tuple[float, str]:
        """Returns messages a second, and the line to be printed."""
        alerts: dict[str, float] = {}
        with store(self.store) as url, running(LATENCY) as port:
            box = Outbox(url)
            fill(box, self.rows)
            with contextlib.ExitStack() as stack:
                if self.has_open_transaction:
                    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
                    other = stack.enter_context(engine.connect())
                    other.execute(text("SELECT count(*) FROM clicksoap_message"))
                stack.enter_context(working(url, port, self.rate, self.senders, self.workers))
                while not receipts(port):  # the start of a process is not what is measured
                    time.sleep(0.1)
                if self.has_alerts:
                    pause = self.rows / self.rate * 0.8 / ALERTS
                    thread = threading.Thread(target=lambda: alerts.update(enqueue_alerts(box, ALERTS, pause)))
                    thread.start()
                stopped_at = float("inf")
                if self.has_stopped_worker:
                    stack.enter_context(stopped_worker(url, port, self.rate))
                    stopped_at = time.time()
                end = time.monotonic() + 3 * self.rows / self.rate + 30
                while box.status().messages.get(MessageState.PENDING) and time.monotonic() < end:
                    time.sleep(0.5)
                if self.has_alerts:
                    thread.join()
                time.sleep(1)
            return self._line(receipts(port), alerts, stopped_at, box.status().due)

    def _line(
        self, got: Sequence[tuple[float, str]], alerts: dict[str, float], stopped_at: float, due: int
    ) -> tuple[float, str]:
        times = [at for at, number in got if number.startswith("2782")]
        # Alerts take permits, too.
        paced = [at for at, _ in got if times[0] <= at <= times[-1]]
        speed = (len(paced) - 1) / (times[-1] - times[0])
        line = (
            f"{self.store:10} {self.rate:5}/s  {len(times)} rows, {speed / self.rate:6.1%} of the pace, "
            f"worst window {worst_excess([at for at, _ in got], self.rate):+.0f} parts beside its bound"
        )
        delays = sorted(at - alerts[number] for at, number in got if number in alerts)
        if delays:
            p99 = delays[int(len(delays) * 0.99) - 1]
            line += f", alerts ({len(delays)}): median {median(delays) * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms"
        line += f", {self.workers} processes" * (self.workers > 1)
        line += ", with a transaction left open" * self.has_open_transaction
        if self.has_stopped_worker:
            longest = max(b - a for a, b in itertools.pairwise(paced) if b > stopped_at - 1)
            line += f", a worker stopped in its claim: nothing sent for {longest:.1f} s"
        return speed, f"{line}; due {due}"


def cost(name: str, rows: int, group: int) -> str:
    """The CPU time of a message on one core: of the bare client, and of the worker, in requests of so many recipients.

    Claims and settlements are made by the calling thread, and sends by others, so that their times can be told apart.
    """
    pin(0)
    numbers = [f"2783{position:07}" for position in range(rows)]
    with store(name) as url, running() as port, client(port) as sms, Outbox(url, per_request=group) as box:
        sms.authenticate()
        sms.send(numbers[:group], TEXT)  # what is made once is no cost of a message
        began = time.process_time()
        for start in range(0, rows, group):
            sms.send(numbers[start : start + group], TEXT if group > 1 else f"{TEXT}, customer {start}")
        bare = (time.process_time() - began) / rows
        began = time.process_time()
        if group == 1:
            with box.transaction() as transaction:
                for position, number in enumerate(numbers):
                    box.enqueue(transaction, number, f"{TEXT}, customer {position}", key=f"row {position}")
        else:
            planned = box.plan("run", rows=[{"mobile": each} for each in numbers], to="mobile", key="mobile", text=TEXT)
        enqueued = (time.process_time() - began) / rows
        began, turns = time.process_time(), time.thread_time()
        if group == 1:
            box.work(sms, senders=16, until_settled=True)
        else:
            box.send(planned, sms)
        worked, turns = (time.process_time() - began) / rows, (time.thread_time() - turns) / rows
    return (
        f"{name:10} {group:3} a request: client {bare * 1e6:6.1f} µs a message, put in {enqueued * 1e6:6.1f} µs, "
        f"worker {worked * 1e6:6.1f} µs: claim and settle {turns * 1e6:.1f} µs, send {(worked - turns) * 1e6:.1f} µs"
    )


def as_tasks(rows: int, workers: int, senders: int) -> float:
    """Messages a second of one Celery task for each, with as many requests out at a time."""
    sys.path.insert(0, str(ROOT / "tests" / "support"))
    from brokers import redis_server  # noqa: PLC0415 - a helper of the tests

    from benchmarks import outbox_engines  # noqa: PLC0415 - needs Celery

    with running(LATENCY) as port, redis_server() as broker:
        return outbox_engines.by_task(broker, port, workers, rows, -(-senders // workers))


def main() -> None:
    """Run what the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rate", type=int, action="append")
    parser.add_argument("--store", choices=("sqlite", "postgresql"), action="append")
    parser.add_argument("--senders", type=int, help="requests out at a time, in all; by default as many as needed")
    parser.add_argument("--workers", type=int, default=2, help="how many processes send")
    parser.add_argument("--no-alerts", action="store_true")
    parser.add_argument("--open-transaction", action="store_true")
    parser.add_argument("--stopped-worker", action="store_true")
    parser.add_argument("--tasks", action="store_true")
    parser.add_argument("--cost", action="store_true")
    parser.add_argument("--worker", metavar="URL", help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    rates = arguments.rate or [300, 1000]
    if arguments.stopped_worker and arguments.worker is None and arguments.store != ["postgresql"]:
        parser.error("--stopped-worker needs --store postgresql: nobody but you can end a stopped worker of SQLite")
    if arguments.worker is not None:
        work(arguments.worker, arguments.port, rates[0], arguments.senders, stops=arguments.stopped_worker)
        return
    fastest = 0.0
    for name in arguments.store or ("sqlite", "postgresql"):
        if arguments.cost:
            print(cost(name, min(arguments.rows, 3000), 1), flush=True)
            print(cost(name, arguments.rows // 300 * 300, 300), flush=True)
            continue
        for rate in rates:
            speed, line = Trial(
                store=name,
                rows=arguments.rows,
                rate=rate,
                senders=arguments.senders or SENDERS.get(rate, max(16, rate // 4)),
                workers=arguments.workers,
                has_alerts=not arguments.no_alerts,
                has_open_transaction=arguments.open_transaction,
                has_stopped_worker=arguments.stopped_worker,
            ).run()
            print(line, flush=True)
            fastest = max(fastest, speed)
    if arguments.tasks and not arguments.cost:
        senders = arguments.senders or SENDERS.get(rates[-1], 64)
        speed = as_tasks(arguments.rows, arguments.workers, senders)
        print(
            f"one Celery task each with raw zeep, {arguments.workers} workers of {-(-senders // arguments.workers)} "
            f"threads: {speed:.0f} a second; the outbox's fastest run is {fastest / speed:.1f} times that"
        )


if __name__ == "__main__":
    main()
