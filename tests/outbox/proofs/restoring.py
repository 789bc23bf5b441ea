"""Puts an older copy of an outbox in the place of its database in the middle of a run, under a running worker.

``python -m tests.outbox.proofs.restoring STORE RUNS SEED [unmarked] [SERVER]``. Each run copies the database, goes on,
exchanges it, sees that the running worker and a new one refuse it, says so to the outbox, and compares what arrived
with what it says in the end. Without the mark file, messages arrive twice: the control. The result is printed as JSON.
"""

import json
import os
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from clicksoap import OutboxMismatch
from tests.outbox.proofs import staging
from tests.outbox.proofs.staging import Gateway, Outcome, Process, Stores

_REFUSED = 3
_RATE = 60.0


def work(url: str, port: int, mark: Path | None, *, until_settled: bool) -> None:
    """Be a worker; a database that it refuses ends it with a code of its own."""
    with staging.outbox(url, mark) as box, staging.client(port) as client:
        try:
            box.work(client, senders=8, grace=0.5, until_settled=until_settled)
        except OutboxMismatch:
            os._exit(_REFUSED)


def one_run(run: int, seed: int, stores: Stores, gateway: Gateway, mark: Path | None) -> Outcome:
    """One run: copy, go on, exchange, refuse, ask, compare."""
    chance = staging.random_of(seed, run)
    url = stores.make()
    rows = staging.fill(url, run, singles=90, groups=8)
    with staging.outbox(url) as box:
        box.set_rate(_RATE)
    problems: list[str] = []

    def start(*, until_settled: bool = False) -> Process:
        return Process(lambda: work(url, gateway.port, mark, until_settled=until_settled)).go()

    first = start()
    wait_for(gateway, run, chance.randint(5, 40))
    # Killed, so that the copy has requests that are out, or told to stop.
    first.kill(chance.choice([signal.SIGKILL, signal.SIGTERM]))
    first.wait()
    copy = stores.copy(url, f"copy{run}")
    second = start()
    wait_for(gateway, run, len(gateway.arrived(staging.prefix_of(run))) + chance.randint(10, 40))
    began = time.monotonic()
    stores.exchange(url, copy)
    if mark is None:
        second.kill()
        second.wait()
    else:
        code = second.wait()
        problems += [] if code == _REFUSED else [f"the running worker ended with {code}"]
        problems += [] if time.monotonic() - began < 10 else ["the running worker went on for 10 s"]
        code = start().wait()
        problems += [] if code == _REFUSED else [f"a new worker ended with {code}"]
        with staging.outbox(url, mark) as box:
            box.after_restore(by="the proof", why="an older copy was put back")
    with staging.outbox(url) as box:
        box.set_rate(None)
    code = start(until_settled=True).wait()
    problems += [f"the last worker ended with {code}"] if code else []
    excused = {
        each["client_message_id"] for found in gateway.arrived(staging.prefix_of(run)).values() for each in found
    }
    result = staging.compare(url, gateway, run, rows, excused | gateway.lost())
    result.problems += [f"run {run}: {each}" for each in problems]
    stores.drop(url)
    return result


def wait_for(gateway: Gateway, run: int, count: int) -> None:
    """Wait until so many messages of a run have arrived."""
    end = time.monotonic() + 120
    while len(gateway.arrived(staging.prefix_of(run))) < count:
        assert time.monotonic() < end, "the worker sends nothing"
        time.sleep(0.02)


def main() -> None:
    store, runs, seed, mode, server = sys.argv[1:6]
    began = time.monotonic()
    total = Outcome()
    with staging.scratch() as folder, Gateway(folder / "record", int(seed)) as gateway:
        (folder / "stores").mkdir()
        stores = Stores(folder / "stores", server, f"restoring{mode}")
        for run in range(int(runs)):
            total.add(one_run(run, int(seed), stores, gateway, None if mode == "unmarked" else folder / f"mark{run}"))
    result: dict[str, Any] = {**asdict(total), "store": store, "seconds": time.monotonic() - began}
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
