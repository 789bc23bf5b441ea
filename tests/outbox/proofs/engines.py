"""Runs an outbox on an engine with two workers, kills one of them again and again, and compares row by row.

``python -m tests.outbox.proofs.engines ENGINE ROWS SEED SERVER`` prints its result as JSON. Engines: redis,
redis-emptied (its broker forgets everything every few seconds), rabbitmq, processes and procrastinate.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from redis import Redis

from tests.outbox.proofs import staging
from tests.outbox.proofs.staging import ROOT, Gateway, Outcome, Stores

sys.path.insert(0, str(ROOT / "tests" / "support"))
from brokers import rabbitmq_server, redis_server

RATE: Final = 100.0
_EMPTIED_EVERY: Final = 4.0
_APP: Final = "tests.outbox.proofs.celery_app"
_SETTLED_WITHIN: Final = 60.0


class Program:
    """A process of an engine, in a group of its own."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        self._command, self._environment, self._log = command, environment, log
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *self._command], env=self._environment, cwd=ROOT, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip

    def kill(self) -> None:
        """Kill it with all of its children."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(20)

    def kill_child(self, chance: random.Random) -> bool:
        """Kill one of its children; false if it has none."""
        number = self._process.pid
        with suppress(OSError):
            children = Path(f"/proc/{number}/task/{number}/children").read_text().split()
            if children:
                os.kill(int(chance.choice(children)), signal.SIGKILL)
                return True
        return False


def commands(engine: str, folder: Path) -> list[list[str]]:
    """The commands of two workers, and of what else the engine needs."""
    if engine == "processes":
        return [["tests.outbox.proofs.plain_worker"]] * 2
    if engine == "procrastinate":
        worker = ["procrastinate", "--app", "tests.outbox.proofs.procrastinate_app.app", "worker"]
        return [[*worker, "--queues", "sms", "--concurrency", "2", "--delete-jobs", "always"]] * 2
    celery = ["celery", "-A", _APP, "--skip-checks"]
    lean = ["--without-gossip", "--without-mingle", "-Q", "sms", "-c", "2"]
    workers = [[*celery, "worker", "-n", f"w{each}@%h", *lean] for each in (1, 2)]
    return [*workers, [*celery, "beat", "-s", str(folder / "schedule"), "--pidfile="]]


@contextmanager
def brokers(engine: str) -> Iterator[str]:
    if engine.startswith("redis"):
        with redis_server() as url:
            yield url
    elif engine == "rabbitmq":
        with rabbitmq_server() as url:
            yield url
    else:
        yield ""


def empty(broker: str) -> None:
    with suppress(Exception), Redis.from_url(broker) as connection:
        connection.flushall()


def prepare(engine: str, environment: dict[str, str]) -> None:
    if engine == "procrastinate":
        command = ["procrastinate", "--app", "tests.outbox.proofs.procrastinate_app.app", "schema", "--apply"]
        subprocess.run([sys.executable, "-m", *command], env=environment, cwd=ROOT, check=True, capture_output=True)


def unsettled(url: str) -> int:
    return len(staging.rows(url, "m.state IN ('pending', 'sending')"))


def torment(  # noqa: PLR0913 - what a run consists of
    engine: str, url: str, broker: str, programs: list[Program], chance: random.Random, seconds: float
) -> tuple[int, set[str]]:
    """Kill workers until everything is settled; gives how often, and which requests were out then."""
    kills, excused = 0, set[str]()
    end = time.monotonic() + seconds
    emptied = time.monotonic()
    while unsettled(url) and time.monotonic() < end:
        time.sleep(chance.uniform(0.5, 3.0))
        if engine.endswith("emptied") and time.monotonic() - emptied >= _EMPTIED_EVERY:
            empty(broker)
            emptied = time.monotonic()
        if time.monotonic() > end - _SETTLED_WITHIN:
            continue
        victim = programs[0]
        before = staging.sending(url)
        if engine == "processes" or chance.random() < 0.5 or not victim.kill_child(chance):
            victim.kill()
            excused |= before | staging.sending(url)
            victim.start()
        excused |= before | staging.sending(url)
        kills += 1
    return kills, excused


def proof(engine: str, count: int, seed: int, server: str) -> dict[str, Any]:
    """One run on an engine."""
    began = time.monotonic()
    chance = staging.random_of(seed, engine)
    with ExitStack() as stack:
        folder = stack.enter_context(staging.scratch())
        gateway = stack.enter_context(Gateway(folder / "record", seed))
        broker = stack.enter_context(brokers(engine))
        url = Stores(folder, server, f"engine_{engine.replace('-', '_')}").make()
        groups, alerts = count // 40, count // 10
        rows = staging.fill(url, 1, count - groups * staging.GROUP - alerts, groups, alerts)
        with staging.outbox(url) as box:
            box.set_rate(RATE)
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")},
            "PROOF_URL": url,
            "PROOF_PORT": str(gateway.port),
            "PROOF_BROKER": broker,
            "PROOF_FOLDER": str(folder),
        }
        prepare(engine, environment)
        programs: list[Program] = []
        try:
            for each, command in enumerate(commands(engine, folder)):
                programs.append(Program(command, environment, folder / f"log{each}"))
            seconds = 2 * rows / RATE + _SETTLED_WITHIN + 30
            kills, excused = torment(engine, url, broker, programs, chance, seconds)
            stuck = unsettled(url)
        finally:
            for program in programs:
                program.kill()
        result: Outcome = staging.compare(url, gateway, 1, rows, excused | gateway.lost())
        result.kills = kills
        if stuck or result.problems:
            for path in sorted(folder.glob("log*")):
                sys.stderr.write(f"{path.name}: {path.read_text('utf-8', 'replace')[-4000:]}\n")
    return {**asdict(result), "engine": engine, "stuck": stuck, "seconds": time.monotonic() - began}


def main() -> None:
    engine, rows, seed, server = sys.argv[1:5]
    sys.stdout.write(json.dumps(proof(engine, int(rows), int(seed), server)) + "\n")


if __name__ == "__main__":
    main()
