"""Interrupts workers of an outbox by signals at random moments, and compares what arrived with what it says.

``python -m tests.outbox.proofs.interrupting STORE COUNT SEED KIND [SERVER]``: ``exception`` raises exceptions from a
handler of SIGALRM, ``ctrl-c`` sends SIGINT to a worker, ``sigterm`` sends SIGTERM. The result is printed as JSON.
"""

import contextlib
import json
import os
import random
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.outbox.proofs import staging
from tests.outbox.proofs.staging import Gateway, Outcome, Process, Stores

_RUN = 0
_SENDERS = 8
_GRACE = 0.3


class Interruption(Exception):
    """Raised by the handler of a signal."""


def interrupted(url: str, port: int, seed: int, count: int, out: Path) -> None:
    """Work and be interrupted so many times, by an exception at a random moment each time.

    The requests that were out then are written into a file: an answer of theirs may be lost.
    """
    chance = staging.random_of(seed, "moments")

    def handle(*_: object) -> None:
        raise Interruption

    signal.signal(signal.SIGALRM, handle)
    box = staging.outbox(url)
    with box, staging.client(port) as client:
        for _ in range(count):
            with contextlib.suppress(Interruption):
                try:
                    # Again later, because Python drops what is raised within a finalizer.
                    signal.setitimer(signal.ITIMER_REAL, chance.uniform(0.001, 0.12), 1.0)
                    box.work(client, senders=_SENDERS, grace=chance.choice([0.0, 0.05, _GRACE]))
                finally:
                    signal.setitimer(signal.ITIMER_REAL, 0)
            signal.setitimer(signal.ITIMER_REAL, 0)  # that call above may have been interrupted itself
            with out.open("a", encoding="utf-8") as file:
                file.writelines(f"{each}\n" for each in staging.sending(url))


def signalled(url: str, gateway: Gateway, chance: random.Random, number: signal.Signals, problems: list[str]) -> None:
    """Start a worker, stop it by a signal, and see that it ends in time and that nothing leaves afterwards."""
    read, write = os.pipe()

    def work() -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        # At its first exchange it has its handlers.
        with (
            staging.outbox(url) as box,
            staging.client(gateway.port, on_exchange=lambda _: os.write(write, b"x")) as client,
        ):
            box.work(client, senders=_SENDERS, grace=_GRACE)

    process = Process(work).go()
    os.close(write)
    os.read(read, 1)
    os.close(read)
    if process.ends_within(chance.uniform(0.0, 0.5)):
        problems.append(f"a worker ended by itself with {process.code}")
        return
    process.kill(number)
    began = time.monotonic()
    code = process.wait()
    took = time.monotonic() - began
    if took > _GRACE + 1:
        problems.append(f"a worker ended {took:.2f} s after its signal")
    if code:
        problems.append(f"a worker ended with {code} after its signal")


def run(store: str, count: int, seed: int, kind: str, server: str) -> dict[str, Any]:
    """One run with so many signals."""
    began = time.monotonic()
    chance = staging.random_of(seed, kind)
    problems: list[str] = []
    with staging.scratch() as folder, Gateway(folder / "record", seed) as gateway:
        stores = Stores(folder, server, kind.replace("-", ""))
        url = stores.make()
        # Some messages for each interruption, so that there is always something to interrupt.
        rows = staging.fill(
            url, _RUN, singles=count * 3 if kind == "exception" else count * 40, groups=count, alerts=count
        )
        excused: set[str] = set()
        if kind == "exception":
            out = folder / "out"
            code = Process(lambda: interrupted(url, gateway.port, seed, count, out)).go().wait(300 + count)
            problems += [f"the interrupted process ended with {code}"] if code else []
            excused |= set(out.read_text("utf-8").split())
        else:
            with staging.outbox(url) as box:
                box.set_rate(200)
            number = signal.SIGTERM if kind == "sigterm" else signal.SIGINT
            for _ in range(count):
                signalled(url, gateway, chance, number, problems)
                excused |= staging.sending(url)
            with staging.outbox(url) as box:
                box.set_rate(None)
        last = Process(lambda: settle(url, gateway.port)).go().wait()
        problems += [f"the last worker ended with {last}"] if last else []
        result = Outcome(problems=problems)
        result.add(staging.compare(url, gateway, _RUN, rows, excused | gateway.lost()))
        result.kills = count
        stores.drop(url)
    return {**asdict(result), "store": store, "seconds": time.monotonic() - began}


def settle(url: str, port: int) -> None:
    """Work until everything is settled."""
    with staging.outbox(url) as box, staging.client(port) as client:
        box.work(client, until_settled=True)


def main() -> None:
    store, count, seed, kind, server = sys.argv[1:6]
    sys.stdout.write(json.dumps(run(store, int(count), int(seed), kind, server)) + "\n")


if __name__ == "__main__":
    main()
