"""Upgrades an outbox of PostgreSQL under workers of the old release, and lets workers of the new one finish.

``python -m tests.outbox.proofs.upgrading RUNS SEED MODE SERVER``. The new release is a copy of the package with one
more migration. Each run starts two old workers, upgrades with the command line of the new release, sees that the old
ones end and say what to do, and compares what arrived with what the outbox says in the end. The controls: with
``unchecked`` the old workers do not look at the version; with ``giving-back`` the migration takes it that requests
that are out were not sent. The result is printed as JSON.
"""

import json
import sys
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import psycopg

from clicksoap import OutboxMismatch
from clicksoap.outbox import Outbox
from tests.outbox.proofs import staging
from tests.outbox.proofs.programs import Worker, command_line
from tests.outbox.proofs.restoring import wait_for
from tests.outbox.proofs.staging import ROOT, Gateway, Outcome, Stores

sys.path.insert(0, str(ROOT / "tests" / "support"))
from next_release import NEXT, SAID, make_release, of_version

# Slow before, so that messages are left when the upgrade comes.
_RATE_BEFORE: Final = 8.0
_RATE_AFTER: Final = 100.0
_SECONDS: Final = 60.0
_GIVEN_BACK: Final = (
    "WITH out AS (UPDATE clicksoap_message SET state = 'pending', request_id = NULL WHERE state = 'sending') "
    "UPDATE clicksoap_request SET state = 'not_sent', answered_at = 0 WHERE state = 'sending'"
)


def states(url: str) -> dict[str, int]:
    """How many rows are in each state, whatever the version is."""
    with psycopg.connect(url) as connection:
        return dict(connection.execute("SELECT state, count(*) FROM clicksoap_message GROUP BY state").fetchall())


def sending(url: str) -> set[str]:
    """The requests that are out, whatever the version is."""
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT DISTINCT request_id FROM clicksoap_message WHERE state = 'sending'")
        return {each for (each,) in rows.fetchall()}


def refused_to_enqueue(box: Outbox, url: str) -> list[str]:
    """What is wrong with the way in which a program of the old release, which runs, is refused."""
    with psycopg.connect(url) as connection:
        try:
            box.enqueue(connection, "27000000000", "text", key="of the old release")
        except OutboxMismatch as error:
            return [] if SAID in str(error) else [f"an old program is told: {error}"]
        connection.rollback()
    return ["an old program enqueues"]


def one_run(  # noqa: PLR0913 - what a run consists of
    run: int, seed: int, stores: Stores, gateway: Gateway, release: Path, mode: str
) -> Outcome:
    """One run: work, upgrade, see the old ones refuse, finish with the new ones, compare."""
    chance = staging.random_of(seed, run)
    url = stores.make()
    rows = staging.fill(url, run, singles=90, groups=8)
    program = staging.outbox(url).open()
    program.set_rate(_RATE_BEFORE)
    problems: list[str] = []
    logs = gateway.record.parent
    more = {"PROOF_UNCHECKED": "1"} if mode == "unchecked" else {}
    with ExitStack() as stack:
        stack.callback(program.close)

        def start(where: Path, name: str, **given: str) -> Worker:
            made = Worker(where, url, gateway, logs / f"{name} {run}", **given)
            stack.callback(made.end)
            return made

        olds = [start(ROOT, f"old{each}", **more) for each in (1, 2)]
        wait_for(gateway, run, chance.randint(10, 50))
        excused = sending(url)
        problems += [found] if (found := command_line("upgrade", "--url", url, release=release)) else []
        if problems:
            return Outcome(runs=1, rows=rows, problems=problems)
        excused |= sending(url)
        seconds = 3.0 if mode == "unchecked" else 20.0
        problems += [wrong for each in olds if (wrong := each.problem_of_refusal(SAID, seconds)) is not None]
        excused |= sending(url)
        problems += refused_to_enqueue(program, url)
        problems += [] if states(url).get("pending") else ["nothing was left for the new workers"]
        with psycopg.connect(url) as connection:
            connection.execute("UPDATE clicksoap_account SET rate = %s", [_RATE_AFTER])
        news = [start(release, f"new{each}") for each in (1, 2)]
        end = time.monotonic() + _SECONDS + rows / _RATE_AFTER
        while {"pending", "sending"} & set(states(url)) and time.monotonic() < end:
            time.sleep(0.1)
        problems += [f"a new worker ended: {each.log.read_text()[-500:]}" for each in news if each.process.poll()]
    with of_version(NEXT):
        result = staging.compare(url, gateway, run, rows, excused | gateway.lost())
    result.problems += [f"run {run}: {each}" for each in problems]
    stores.drop(url)
    return result


def main() -> None:
    runs, seed, mode, server = sys.argv[1:5]
    began = time.monotonic()
    total = Outcome()
    with staging.scratch() as folder, Gateway(folder / "record", int(seed)) as gateway:
        release = make_release(folder / "release", _GIVEN_BACK if mode == "giving-back" else "SELECT 1")
        stores = Stores(folder, server, f"upgrading_{mode}")
        for run in range(int(runs)):
            total.add(one_run(run, int(seed), stores, gateway, release, mode))
    result: dict[str, Any] = {**asdict(total), "seconds": time.monotonic() - began}
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
