"""Crashes a PostgreSQL server under two workers, and puts a base backup in its place, which lacks the last commits.

``python -m tests.outbox.proofs.failing_over RUNS SEED MODE``. Each run starts two workers, copies the server, lets
them go on, crashes it, and starts the copy on the same port. The workers have to notice, and so has a worker that is
started then and knows nothing. After ``clicksoap outbox check --after-restore`` two workers finish, and what arrived is
compared with what the outbox says. ``singles`` has messages of one number, ``groups`` adds some of several. In the
control ``untold`` nobody notices and nobody is told. The result is printed as JSON.
"""

import json
import signal
import sys
import time
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any, Final

from tests.outbox.proofs import staging
from tests.outbox.proofs.programs import Worker, command_line
from tests.outbox.proofs.restoring import wait_for
from tests.outbox.proofs.staging import ROOT, Gateway, Outcome, Stores

sys.path.insert(0, str(ROOT / "tests" / "support"))
from postgresql import PostgreSQLServer, postgresql

SAID: Final = "vanished from the database: it was replaced by an older copy. Stop all workers"
# Slow before, so that messages are left when the server crashes.
_RATE: Final = 12.0
_SECONDS: Final = 90.0
_NOTICED_WITHIN: Final = 40.0


def one_run(  # noqa: PLR0913 - what a run consists of
    run: int, seed: int, server: PostgreSQLServer, stores: Stores, gateway: Gateway, mode: str
) -> Outcome:
    """One run: work, copy, go on, crash, notice, ask, compare."""
    chance = staging.random_of(seed, run)
    url = stores.make()
    rows = staging.fill(url, run, singles=120, groups=8 if mode == "groups" else 0)
    with staging.outbox(url) as box:
        box.set_rate(_RATE)
    problems: list[str] = []
    logs = gateway.record.parent
    prefix = staging.prefix_of(run)
    with ExitStack() as stack:

        def start(name: str) -> Worker:
            made = Worker(ROOT, url, gateway, logs / f"{name} {run}")
            stack.callback(made.end)
            return made

        firsts = [start(f"first{each}") for each in (1, 2)]
        wait_for(gateway, run, chance.randint(5, 30))
        copy = server.base_backup()
        copied = len(gateway.arrived(prefix))
        # From one claim to dozens are gone.
        wait_for(gateway, run, min(copied + chance.choice([1, 2, 5, 20, 40]), rows - 10))
        if mode == "untold":
            for each in firsts:
                each.process.send_signal(signal.SIGKILL)
                each.process.wait(20)
        server.fail_over(copy, "-c", "fsync=off")
        if mode != "untold":
            problems += [found for each in firsts if (found := each.problem_of_refusal(SAID, _NOTICED_WITHIN))]
            if found := start("restarted").problem_of_refusal(SAID, _NOTICED_WITHIN):
                problems.append(found)
            if found := command_line("check", "--after-restore", "the standby took over", "--url", url):
                problems.append(found)
        with staging.outbox(url) as box:
            box.set_rate(None)
        lasts = [start(f"last{each}") for each in (1, 2)]
        end = time.monotonic() + _SECONDS
        while staging.rows(url, "m.state IN ('pending', 'sending')") and time.monotonic() < end:
            time.sleep(0.1)
        problems += [f"a last worker ended: {each.log.read_text()[-500:]}" for each in lasts if each.process.poll()]
    excused = {each["client_message_id"] for found in gateway.arrived(prefix).values() for each in found}
    result = staging.compare(url, gateway, run, rows, excused | gateway.lost())
    result.problems += [f"run {run}: {each}" for each in problems]
    stores.drop(url)
    return result


def main() -> None:
    runs, seed, mode = sys.argv[1:4]
    began = time.monotonic()
    total = Outcome()
    with (
        staging.scratch() as folder,
        Gateway(folder / "record", int(seed)) as gateway,
        postgresql() as server,
    ):
        stores = Stores(folder, server.url().rpartition("/")[0], "failing_over")
        for run in range(int(runs)):
            total.add(one_run(run, int(seed), server, stores, gateway, mode))
    result: dict[str, Any] = {**asdict(total), "seconds": time.monotonic() - began}
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
