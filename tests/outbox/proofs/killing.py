"""Kills workers of an outbox, and compares what arrived at the gateway with what the outbox says, row by row.

``python -m tests.outbox.proofs.killing STORE RUNS SEED FIRST [control|pair] [SERVER]`` is one line of runs. It prints
its result as JSON.
"""

import json
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, event, text

from clicksoap.outbox import Outbox
from tests.outbox.proofs import staging
from tests.outbox.proofs.staging import Gateway, Outcome, Process, Stores

POINTS = (
    "at a random moment",
    "before the claim",
    "after the claim",
    "after the bytes left",
    "after the answer",
    "during the commit",
)
_SENDERS = 8


def die() -> None:
    """End this process group as a crash does."""
    os.killpg(os.getpgid(0), signal.SIGKILL)


class Killer:
    """Ends its process at the nth time that a point is reached."""

    def __init__(self, point: str, nth: int, wait: float) -> None:
        self._point = point
        self._left = nth
        self._wait = wait
        self._claims = False
        self._lock = threading.Lock()

    def reached(self, point: str) -> bool:
        """Count a point; true if it is the one to die at."""
        with self._lock:
            if point != self._point:
                return False
            self._left -= 1
            return self._left == 0

    def watch(self, box: Outbox) -> None:
        """Look at the transactions of an outbox."""
        engine = box._database.engine
        event.listen(engine, "before_cursor_execute", self._on_statement)
        event.listen(engine, "commit", self._on_commit)
        event.listen(engine, "checkin", self._on_checkin)

    def on_exchange(self, exchange: Any) -> None:
        """Look at an exchange with the gateway, which has ended."""
        if exchange.command == "sendmsg" and self.reached("after the answer"):
            die()

    def _on_statement(self, _connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO clicksoap_request"):
            self._claims = True
        elif "clicksoap_account" in statement and "SELECT" in statement and self.reached("before the claim"):
            die()

    def _on_commit(self, _connection: Connection) -> None:
        if self.reached("during the commit"):
            threading.Thread(target=self._die_later, daemon=True).start()

    def _die_later(self) -> None:
        end = time.perf_counter() + self._wait
        while time.perf_counter() < end:
            pass
        die()

    def _on_checkin(self, *_: object) -> None:
        claimed, self._claims = self._claims, False
        if claimed and self.reached("after the claim"):
            die()


def work(url: str, gateway: Gateway, killer: Killer | None, *, is_control: bool = False) -> None:
    """Be a worker until everything is settled."""
    with staging.outbox(url) as box, staging.noting_time_outs(gateway.record.parent):
        if is_control:
            send_again(box)
        if killer is not None:
            killer.watch(box)
        options = {} if killer is None else {"on_exchange": killer.on_exchange}
        with staging.client(gateway.port, **options) as client:
            box.work(client, senders=_SENDERS, until_settled=True)


def send_again(box: Outbox) -> None:
    """What the outbox never does: take it that a claim without an answer was not sent."""
    with box._database.write() as connection:
        connection.execute(
            text("UPDATE clicksoap_request SET state = 'not_sent', answered_at = 0 WHERE state = 'sending'")
        )
        connection.execute(
            text("UPDATE clicksoap_message SET state = 'pending', request_id = NULL WHERE state = 'sending'")
        )


def killer_of(point: str, chance: random.Random) -> Killer:
    most = {"before the claim": 6, "after the claim": 3, "after the answer": 16, "during the commit": 8}.get(point, 1)
    return Killer(point, chance.randint(1, most), chance.uniform(0, 0.003))


def kill_once(url: str, gateway: Gateway, point: str, chance: random.Random, *, is_control: bool) -> bool:
    """Start a worker and kill it at a point; false if it had settled everything before."""
    killer = killer_of(point, chance)
    process = Process(lambda: work(url, gateway, killer, is_control=is_control))
    if point == "after the bytes left":
        gateway.kill_at(process.id, chance.randint(1, 16))
    process.go()
    if point == "at a random moment" and not process.ends_within(chance.uniform(0.02, 0.6)):
        process.kill()
    code = process.wait()
    gateway.kill_at(0, 0)
    assert code in (0, -signal.SIGKILL), f"a worker ended with {code}"
    return code != 0


def one_run(run: int, seed: int, stores: Stores, gateway: Gateway, mode: str) -> tuple[Outcome, list[str]]:
    """One run: kill, resume, kill again, settle, compare."""
    chance = staging.random_of(seed, run)
    url = stores.make()
    count = staging.fill(url, run)
    excused: set[str] = set()
    points = [POINTS[(run + each) % len(POINTS)] for each in range(chance.randint(1, 3))]
    done: list[str] = []
    steady = Process(lambda: work(url, gateway, None)).go() if mode == "pair" else None
    for point in points:
        if kill_once(url, gateway, point, chance, is_control=mode == "control"):
            done.append(point)
        excused |= staging.sending(url)
    last = steady or Process(lambda: work(url, gateway, None, is_control=mode == "control")).go()
    code = last.wait()
    result = staging.compare(url, gateway, run, count, excused | gateway.lost())
    result.kills = len(done)
    if code:
        result.problems.append(f"run {run}: the last worker ended with {code}")
    stores.drop(url)
    return result, done


def line_of_runs(  # noqa: PLR0913 - what the command line is told
    store: str, runs: int, seed: int, first: int, mode: str, server: str
) -> dict[str, Any]:
    """Several runs, one after another, over one gateway."""
    began = time.monotonic()
    total, points = Outcome(), Counter[str]()
    with staging.scratch() as folder, Gateway(folder / "record", seed + first) as gateway:
        stores = Stores(folder, server, f"{mode or 'kill'}{first}")
        for run in range(first, first + runs):
            try:
                result, done = one_run(run, seed, stores, gateway, mode)
            except AssertionError as error:
                result, done = Outcome(runs=1, problems=[f"run {run}: {error}"]), []
            total.add(result)
            points.update(done)
    return {**asdict(total), "store": store, "points": dict(points), "seconds": time.monotonic() - began}


def main() -> None:
    store, runs, seed, first, mode, server = sys.argv[1:7]
    sys.stdout.write(json.dumps(line_of_runs(store, int(runs), int(seed), int(first), mode, server)) + "\n")


if __name__ == "__main__":
    main()
