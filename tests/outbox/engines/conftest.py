"""What the tests of the engines share: a real Redis, workers as programs, and the end of all that a process started."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from typing import Any

import psycopg
import pytest
from brokers import has_brokers, redis_server
from figures import record
from outboxes import until

_ROOT = Path(__file__).parents[3]
_ROWS = {
    ("upgrading", "usual"): "outbox, tables upgraded under its workers",
    ("upgrading", "unchecked"): "outbox, control: workers do not look at the version of the tables",
    ("upgrading", "giving-back"): "outbox, control: an upgrade gives back what is out",
    ("failing_over", "groups"): "outbox, fail-over without the last commits: requests of several",
    ("failing_over", "singles"): "outbox, fail-over without the last commits: requests of one",
    ("failing_over", "untold"): "outbox, control: a fail-over that nobody notices",
}
OF_WORKERS = "application_name = 'clicksoap outbox'"
WORKER = """
import sys
from dataclasses import replace
from clicksoap import Client, Timeout
from clicksoap.outbox import Outbox
box = Outbox(sys.argv[1], believe_after=0.2, on_event=lambda event: print(event.what.value, flush=True))
box._limits = replace(box._limits, start=1, margin=0.1)
with Client(123456, "acme", "secret", endpoint=sys.argv[2], timeout=Timeout(total=2), allow_plaintext=True) as sms:
    print("ready", flush=True)
    box.work(sms, senders=int(sys.argv[3]) if sys.argv[3:] else 4, grace=2)
"""


def need_brokers() -> None:
    """Skip where Redis or RabbitMQ is not installed; under CI that fails."""
    if not has_brokers():
        assert "CI" not in os.environ, "Redis or RabbitMQ is not installed"
        pytest.skip("Redis or RabbitMQ is not installed")


def proven(program: str, runs: int, mode: str, *more: str) -> dict[str, Any]:
    """The result of a proof, which runs in a process of its own; ``SEED`` repeats it."""
    seed = int(os.environ.get("SEED") or random.randrange(2**32))  # noqa: S311 - no secret
    command = [sys.executable, "-m", f"tests.outbox.proofs.{program}", str(runs), str(seed), mode, *more]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, f"SEED={seed}: {done.stderr[-3000:]}"
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    shown = " ".join(f"{name}={result[name]}" for name in ("runs", "rows", "lost", "doubled", "doubtful"))
    sys.stdout.write(f"{program} {mode} {shown} seconds={result['seconds']:.0f} seed={seed}\n")
    counted = {name: result[name] for name in ("runs", "rows", "lost", "doubled", "unknown_singles")}
    record(_ROWS[program, mode], **counted, problems=len(result["problems"]))
    return {**result, "seed": seed}


def holds(result: dict[str, Any]) -> bool:
    """Whether nothing was lost, doubled or left open in a proof; a problem fails at once."""
    assert result["problems"] == [], f"SEED={result['seed']}: {result['problems'][:10]}"
    return (result["lost"], result["doubled"], result["unknown_singles"]) == (0, 0, 0)


@pytest.fixture(scope="module")
def redis() -> Iterator[str]:
    """The URL of a Redis."""
    need_brokers()
    with redis_server() as url:
        yield url


def end(process: Popen[Any]) -> None:
    """Kill a process and its group, if it runs: faketime runs its program as a child."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(20)


class Far:
    """A worker on another host."""

    def __init__(self, command: list[str], environment: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, encoding="utf-8", cwd=_ROOT, env=environment, start_new_session=True
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def end(self) -> None:
        end(self.process)
        self._reader.join(20)

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self.lines.append(line.strip())


@contextmanager
def far_worker(command: list[str], environment: dict[str, str] | None = None) -> Iterator[Far]:
    made = Far(command, environment)
    try:
        until(lambda: "ready" in made.lines, "the worker is ready", seconds=90)
        yield made
    finally:
        made.end()


@contextmanager
def sampled(url: str) -> Iterator[list[int]]:
    """The numbers of connections of workers that are seen meanwhile."""
    seen = [0]
    is_over = threading.Event()

    def look() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            while not is_over.wait(0.02):
                found = connection.execute(f"SELECT count(*) FROM pg_stat_activity WHERE {OF_WORKERS}").fetchone()  # noqa: S608 - a constant
                seen.append(0 if found is None else int(found[0]))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        is_over.set()
        thread.join(20)
