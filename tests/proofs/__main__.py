"""The long proofs, one after another, from the fault matrix to a load.

``make proof`` runs them. The environment says how:

SHORT      1 for some ten minutes in all
SEED       decides every mutant and every damaged reply; a random one by default
PROCESSES  how many processes run the fault matrix and the fuzzer; 2 by default
"""

import os
import secrets
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
_PROPERTIES: Final = ("tests/properties", "tests/options/test_counting.py", "tests/outbox/campaigns/test_recipients.py")


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is done.

    Attributes:
        mutants: How many damaged requests the fuzzer sends.
        replies: How many damaged replies both clients meet.
        callbacks: How many damaged callbacks the receiver gets.
        messages: How many messages the simulator gets in large requests.
        minutes: How long it gets single calls.
        capacity: How many messages and exchanges it stores; its memory is full once it has got so many.
        examples: How many times as many examples the properties are tried with as they say.
    """

    mutants: int
    replies: int
    callbacks: int
    messages: int
    minutes: float
    capacity: int
    examples: int


SHORT: Final = Extent(
    mutants=10_000, replies=20_000, callbacks=2_000, messages=30_000, minutes=0.75, capacity=2_000, examples=1
)
LONG: Final = Extent(
    mutants=200_000,
    replies=1_000_000,
    callbacks=50_000,
    messages=200_000,
    minutes=10,
    capacity=10_000,
    examples=5,
)


def _proofs(extent: Extent, processes: str, seed: str) -> dict[str, list[str]]:
    pytest = ["pytest", "-q", "-m", "proof", "-n", processes]
    livez = "tests/proofs/test_livez.py"
    load = ["benchmarks.simulator", "--strict"]
    load += [f"--minutes={extent.minutes}", f"--messages={extent.messages}", f"--capacity={extent.capacity}"]
    return {
        "fault matrix": [*pytest, f"--ignore={livez}", "tests/proofs"],
        # By itself, because it measures times.
        "livez": ["pytest", "-q", "-m", "proof", "-n", "0", livez],
        "statuses": [*pytest, "-rP", "tests/sending/test_statuses.py"],
        # These are tried in every run of the tests as well, with fewer examples.
        "properties": ["pytest", "-q", "-n", processes, f"--hypothesis-seed={seed}", *_PROPERTIES],
        "site": [*pytest, "tests/docs"],
        "fuzzer": [*pytest, "tests/fuzzing"],
        "callbacks": [*pytest, "tests/callbacks"],
        "interruptions": [*pytest, "tests/transports"],
        "outbox": [*pytest, "-rP", "--ignore=tests/outbox/engines", "tests/outbox"],
        # One after another: a run is two workers, a broker, a database and a gateway.
        "engines": ["pytest", "-q", "-m", "proof", "-n", "0", "-rP", "tests/outbox/engines"],
        "load": load,
    }


def main() -> int:
    """Run every proof, even if one fails; gives 0 if all hold."""
    is_short = os.environ.get("SHORT", "") not in {"", "0"}
    seed = os.environ.get("SEED") or str(secrets.randbelow(2**32))
    repeat = f"{'SHORT=1 ' * is_short}SEED={seed} make proof"
    _say(f"proofs with the seed {seed}; the same again: {repeat}")
    extent = SHORT if is_short else LONG
    environment = {
        **os.environ,
        "SEED": seed,
        "MUTANTS": str(extent.mutants),
        "REPLIES": str(extent.replies),
        "CALLBACK_MUTANTS": str(extent.callbacks),
        "SHORT": str(int(is_short)),
        "EXAMPLES": str(extent.examples),
    }
    failed = []
    for name, command in _proofs(extent, os.environ.get("PROCESSES") or "2", seed).items():
        began = time.monotonic()
        done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, env=environment, check=False)
        _say(f"{name}: {'failed' if done.returncode else 'holds'} after {time.monotonic() - began:.0f} s")
        failed += [name] * bool(done.returncode)
    if failed:
        _say(f"failed: {', '.join(failed)}; the same again: {repeat}")
    return bool(failed)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
