"""The outbox on 1, 2 and 4 workers, beside one Celery task per message with raw zeep; PostgreSQL, Redis, 100 ms.

    python -m benchmarks.outbox_engines                # about two minutes
    python -m benchmarks.outbox_engines --rows 200

Each worker has eight requests out at a time, so that 80 messages a second are the ideal of one. The last column is the
CPU of all workers for each message.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from celery import Celery

from benchmarks.canned_server import running
from benchmarks.contenders import zeep_sync
from benchmarks.scenario import DOCUMENT
from clicksoap import Client
from clicksoap.outbox import Outbox
from clicksoap.outbox.celery import register

ROOT: Final = Path(__file__).parents[1]
LATENCY: Final = 0.1
AT_ONCE: Final = 8
WORKERS: Final = (1, 2, 4)
ROWS: Final = 400


def make_client() -> Client:
    """A client of the canned gateway."""
    return Client(123456, "acme", "secret", endpoint=f"http://127.0.0.1:{os.environ['BENCH_PORT']}")


app = Celery("bench", broker=os.environ.get("BENCH_BROKER", "memory://"))
app.conf.update(broker_connection_retry_on_startup=True, result_backend=os.environ.get("BENCH_BROKER"))
app.conf.worker_prefetch_multiplier = 1
if "BENCH_URL" in os.environ:
    register(app, os.environ["BENCH_URL"], make_client, slices=int(os.environ["BENCH_WORKERS"]), senders=AT_ONCE)


@app.task(name="one", ignore_result=True)
def one() -> None:
    """Send one message with raw zeep, as teams do it."""
    global _zeep  # noqa: PLW0603 - one service for each process
    if _zeep is None:
        connections = int(os.environ["BENCH_AT_ONCE"])
        _zeep = zeep_sync(int(os.environ["BENCH_PORT"]), DOCUMENT, 1, connections=connections).call
    _zeep()
    app.backend.client.incr("done")


_zeep: Callable[[], int] | None = None


def work() -> None:
    """Be a worker without an engine."""
    with Outbox(os.environ["BENCH_URL"]) as box, make_client() as sms:
        box.work(sms, senders=AT_ONCE)


@contextmanager
def programs(commands: list[list[str]], environment: dict[str, str]) -> Iterator[None]:
    """Programs that run for as long as the block."""
    started = [
        subprocess.Popen(
            [sys.executable, "-m", *each], cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for each in commands
    ]  # fmt: skip
    try:
        yield
    finally:
        for each in started:
            each.terminate()
        for each in started:
            each.wait()


def celery(queue: str, workers: int, pool: list[str]) -> list[list[str]]:
    """The commands of so many workers of Celery."""
    base = ["celery", "-A", "benchmarks.outbox_engines", "worker", "-Q", queue, *pool]
    return [[*base, "-n", f"{queue}{each}@%h", "--without-gossip", "--without-mingle"] for each in range(workers)]


def by_outbox(kind: str, url: str, environment: dict[str, str], workers: int, rows: int) -> float:
    """Messages a second of workers of an outbox, from the first claim to the last answer."""
    with Outbox(url) as box:
        with box.transaction() as transaction:
            for each in range(rows):
                box.enqueue(transaction, f"27821{each:06}", "hello", key=str(each))
        environment = {**environment, "BENCH_URL": url, "BENCH_WORKERS": str(workers)}
        commands = [["benchmarks.outbox_engines", "--work"]] * workers
        if kind == "celery":
            with tempfile.TemporaryDirectory() as folder:
                beat = ["celery", "-A", "benchmarks.outbox_engines", "beat", "-s", f"{folder}/schedule", "--pidfile="]
                with programs([*celery("sms", workers, ["-c", "2"]), beat], environment):
                    _wait_for(box, rows)
        else:
            with programs(commands, environment):
                _wait_for(box, rows)
        with box.transaction() as transaction:
            began, ended = transaction.exec_driver_sql(
                "SELECT min(claimed_at), max(answered_at) FROM clicksoap_request WHERE state = 'answered'"
            ).one()
    return rows / float(ended - began)


def _wait_for(box: Outbox, rows: int) -> None:
    while sum(count for state, count in box.status().messages.items() if state.is_settled) < rows:
        time.sleep(0.2)


def by_task(broker: str, port: int, workers: int, rows: int, at_once: int) -> float:
    """Messages a second of one task per message, from the first to the last."""
    from redis import Redis  # noqa: PLC0415 - comes with the extra bench

    app.conf.update(broker_url=broker, result_backend=broker)
    environment = {"BENCH_PORT": str(port), "BENCH_BROKER": broker, "BENCH_AT_ONCE": str(at_once)}
    with (
        Redis.from_url(broker) as counts,
        programs(celery("one", workers, ["--pool", "threads", "-c", str(at_once)]), environment),
    ):
        counts.delete("done")
        for _ in range(rows):
            one.apply_async(queue="one")
        while not (first := int(counts.get("done") or 0)):
            time.sleep(0.01)
        began = time.monotonic()
        while (done := int(counts.get("done") or 0)) < rows:
            time.sleep(0.01)
        return (done - first) / (time.monotonic() - began)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=ROWS, help="for each worker")
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.work:
        work()
        return
    sys.path.insert(0, str(ROOT / "tests" / "support"))
    from brokers import redis_server  # noqa: PLC0415 - helpers of the tests
    from postgresql import postgresql  # noqa: PLC0415 - as above

    print(f"python -m benchmarks.outbox_engines --rows {chosen.rows}; load {os.getloadavg()[0]:.1f} at the start")
    print(f"{'':28} workers  messages/s  of ideal  CPU ms/message")
    with running(LATENCY) as port, redis_server() as broker, postgresql("-c", "fsync=on") as server:
        environment = {"BENCH_PORT": str(port), "BENCH_BROKER": broker}
        os.environ.update(environment)
        for kind in ("outbox, plain processes", "outbox on Celery", "one task each, raw zeep"):
            for workers in WORKERS:
                before = resource.getrusage(resource.RUSAGE_CHILDREN)
                rows = chosen.rows * workers
                if kind.startswith("one"):
                    rate = by_task(broker, port, workers, rows, AT_ONCE)
                else:
                    name = "celery" if kind.endswith("Celery") else "plain"
                    rate = by_outbox(name, server.create(f"{name}{workers}"), environment, workers, rows)
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
                share = rate / (AT_ONCE / LATENCY * workers)
                print(f"{kind:28} {workers:7} {rate:11.1f} {share:9.0%} {1000 * cpu / rows:15.1f}", flush=True)
    print(f"load {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
