"""Leaves the gateway dead for eight hours, shortened, while messages wait; then it starts, and the pace has to hold.

``python -m tests.outbox.proofs.dead STORE ROWS SEED [SERVER]``. Time is shortened by `SHORTER`: the pauses of
`clicksoap.outbox.reachability` are shorter by it, so that the worker makes as many tries as in eight hours. The result
is printed as JSON.
"""

import json
import signal
import socket
import sys
import time
from datetime import datetime
from typing import Any

from sqlalchemy import text

from clicksoap.outbox import reachability
from tests.outbox.proofs import staging
from tests.outbox.proofs.staging import Gateway, Process, Stores

SHORTER = 1440
HOURS = 8
RATE = 300.0
_AFTERWARDS = 4.0
_BURST = max(300.0, RATE * 0.2)


def size(url: str) -> int:
    """The size of a store in bytes."""
    box = staging.outbox(url)
    with box, box._database.write() as connection:
        if box._database.name == "sqlite":
            pages, page = (
                connection.execute(text(f"PRAGMA {each}")).scalar_one() for each in ("page_count", "page_size")
            )
            return int(pages * page)
        return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())


def largest_excess(times: list[float]) -> float:
    """By how many messages the worst window exceeds the rate; at most the burst is allowed."""
    worst = lowest = 0.0
    for position, at in enumerate(times):
        level = position - RATE * (at - times[0])
        lowest = min(lowest, level)
        worst = max(worst, level + 1 - lowest)
    return worst


def work(url: str, port: int) -> None:
    """Be a worker whose pauses are shorter."""
    reachability._FIRST_PAUSE /= SHORTER  # type: ignore[misc]
    reachability._LONGEST_PAUSE /= SHORTER  # type: ignore[misc]
    with staging.outbox(url) as box, staging.client(port) as client:
        box.work(client, grace=2)


def run(store: str, rows: int, seed: int, server: str) -> dict[str, Any]:
    """One run."""
    problems: list[str] = []
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    with staging.scratch() as folder:
        stores = Stores(folder, server, "dead")
        url = stores.make()
        staging.fill(url, 0, singles=rows, groups=0, alerts=0)
        with staging.outbox(url) as box:
            box.set_rate(RATE)
        before = size(url)
        process = Process(lambda: work(url, port)).go()
        if process.ends_within(HOURS * 3600 / SHORTER):
            problems.append(f"the worker ended with {process.code}")
        grown = size(url) - before
        with Gateway(folder / "record", seed, port, share=0.0) as gateway:
            began = time.time()
            time.sleep(_AFTERWARDS)
            process.kill(signal.SIGTERM)
            problems += [f"the worker ended with {code}"] if (code := process.wait()) else []
            arrived = gateway.arrived("278")
        times = sorted(datetime.fromisoformat(each["at"]).timestamp() for found in arrived.values() for each in found)
        with staging.outbox(url) as box:
            events = staging.counted([each.what for each in box.events(1000)])
            check = str(box.check())
    first = times[0] - began if times else float("inf")
    excess = largest_excess(times)
    if grown >= 1_000_000:
        problems.append(f"the store grew by {grown} bytes")
    # A minute, shortened; the rest is what a program takes for a turn and a login on a busy machine.
    if first > 60 / SHORTER + 2:
        problems.append(f"the first message left {first:.1f} s after the gateway's return")
    if excess > _BURST:
        problems.append(f"a window exceeds the rate by {excess:.0f} messages")
    doubled = sum(len(found) > 1 for found in arrived.values())
    if doubled or len(times) < RATE * _AFTERWARDS / 4:
        problems.append(f"{len(times)} messages arrived, {doubled} of them twice")
    return {
        "store": store,
        "rows": rows,
        "grown": grown,
        "first": first,
        "excess": excess,
        "arrived": len(times),
        "events": events,
        "check": check,
        "problems": problems,
    }


def main() -> None:
    store, rows, seed, server = sys.argv[1:5]
    sys.stdout.write(json.dumps(run(store, int(rows), int(seed), server)) + "\n")


if __name__ == "__main__":
    main()
