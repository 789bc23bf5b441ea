"""Mutants of the modules that decide what became of a message: each one has to fail a test.

``make proof`` runs it. By itself, ``python -m tests.proofs.mutants [NAME ...]`` tries the modules of these names. The
environment says how:

SHORT         1 leaves out the modules of the outbox, whose tests take longer
SEED          decides which mutants are tried
CODE_MUTANTS  how many of each module; 5 by default, all with 0
PROCESSES     how many are tried at the same time; 2 by default

Mutants are made in a copy of the sources. mutmut does not fit: it leaves out every class with a decorator.
"""

import contextlib
import os
import queue
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from tests.proofs.mutants.changes import Mutant, mutants
from tests.proofs.mutants.equivalent import EQUIVALENT
from tests.proofs.mutants.modules import MODULES, Module

ROOT: Final = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "tests/support"))

from figures import record  # noqa: E402 - the helpers of the tests

_LEFT_OUT: Final = shutil.ignore_patterns(".*", "__pycache__", "_build", "*.png", "*.egg-info", "dist", "node_modules")
_PYTEST: Final = ("-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider", "--hypothesis-seed=0")
_ALL_PASSED: Final = 0
_LIMIT: Final = 900.0


T = TypeVar("T")


class Fate(Enum):
    """What became of a mutant."""

    KILLED = "killed"
    TIMED_OUT = "timed out"
    SURVIVED = "survived"
    EQUIVALENT = "equivalent"


@dataclass
class Tree:
    """A copy of the sources, in which one mutant at a time is tried.

    Attributes:
        root: Its folder.
        changes: How often a file was written there.
    """

    root: Path
    changes: int = 0

    def write(self, module: Module, source: bytes) -> None:
        """Write a module with a time of its own, so that no compiled file of another mutant fits."""
        path = self.root / module.path
        path.write_bytes(source)
        self.changes += 1
        os.utime(path, (1_000_000_000 + self.changes,) * 2)

    def run(self, tests: Sequence[str], seconds: float) -> int | None:
        """The exit status of tests; None if they did not end in time."""
        scratch = self.root / "scratch"
        scratch.mkdir()
        environment = {**os.environ, "PYTHONPATH": str(self.root), "TMPDIR": str(scratch)}
        environment.pop("PROOF_FIGURES", None)  # what tests count of broken sources is no figure of the proofs
        command = [sys.executable, *_PYTEST, *tests]
        process = subprocess.Popen(
            command,
            cwd=self.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            # Programs that the tests started, too.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            shutil.rmtree(scratch, ignore_errors=True)


class Trial:
    """Mutants of a module.

    Args:
        module: The module.
        seed: Decides which mutants are tried.
        count: How many; all with 0.
        root: The folder of the sources.
    """

    def __init__(self, module: Module, seed: str, count: int, root: Path = ROOT) -> None:
        self.module = module
        self._source = (root / module.path).read_bytes()
        found = mutants(self._source)
        chosen = random.Random(f"{seed} {module.path}").sample(found, min(count or len(found), len(found)))  # noqa: S311 - no secret
        self.mutants = sorted(chosen, key=lambda mutant: mutant.start)

    def fate(self, tree: Tree, mutant: Mutant, limit: float) -> Fate:
        """Try one mutant in a tree."""
        tree.write(self.module, mutant.applied(self._source))
        try:
            status = tree.run(self.module.tests, limit)
        finally:
            tree.write(self.module, self._source)
        if status is None:
            return Fate.TIMED_OUT
        if status != _ALL_PASSED:
            return Fate.KILLED
        if (self.module.path, mutant.within, mutant.change) in EQUIVALENT:
            return Fate.EQUIVALENT
        _say(f"survived: {self.module.path}:{mutant.line}: {mutant.change}")
        return Fate.SURVIVED

    def tell(self, fates: Sequence[Fate]) -> None:
        """Print what became of the mutants, and record it."""
        counts = {fate.value.replace(" ", "_"): fates.count(fate) for fate in Fate}
        record(f"mutants, {self.module.name}", tried=len(fates), **counts)
        _say(f"{self.module.name}, mutants: {len(fates)}, {', '.join(f'{name} {n}' for name, n in counts.items())}")


def run(trials: Sequence[Trial], trees: Sequence[Tree]) -> bool:
    """Try the mutants, one in each tree at the same time; gives whether the tests pass without any."""
    free: queue.SimpleQueue[Tree] = queue.SimpleQueue()
    for tree in trees:
        free.put(tree)

    def in_a_tree(work: Callable[[Tree], T]) -> T:
        tree = free.get()
        try:
            return work(tree)
        finally:
            free.put(tree)

    def seconds_of(tests: tuple[str, ...]) -> float | None:
        began = time.monotonic()
        status = in_a_tree(lambda tree: tree.run(tests, _LIMIT))
        return time.monotonic() - began if status == _ALL_PASSED else None

    with ThreadPoolExecutor(len(trees)) as pool:
        suites = list(dict.fromkeys(trial.module.tests for trial in trials))
        seconds = dict(zip(suites, pool.map(seconds_of, suites), strict=True))
        for tests, taken in seconds.items():
            if taken is None:
                _say(f"the tests fail without any mutant: {' '.join(tests)}")
        begun = [
            (trial, [pool.submit(in_a_tree, partial(trial.fate, mutant=mutant, limit=3 * taken + 15))
                     for mutant in trial.mutants])
            for trial in trials
            if (taken := seconds[trial.module.tests]) is not None
        ]  # fmt: skip
        for trial, fates in begun:
            trial.tell([each.result() for each in fates])
    return None not in seconds.values()


def main() -> int:
    """Try the mutants; gives 0 if the tests of every module pass without one."""
    seed = os.environ.get("SEED") or "1"
    count = int(os.environ.get("CODE_MUTANTS") or "5")
    names = set(sys.argv[1:])
    if unknown := names - {module.name for module in MODULES}:
        raise SystemExit(f"unknown module {min(unknown)}: give {', '.join(module.name for module in MODULES)}")
    is_short = os.environ.get("SHORT", "") not in {"", "0"}
    chosen = [each for each in MODULES if (each.name in names if names else each.is_quick or not is_short)]
    with tempfile.TemporaryDirectory() as folder:
        trees = [Tree(Path(folder) / str(number)) for number in range(int(os.environ.get("PROCESSES") or "2"))]
        for tree in trees:
            shutil.copytree(ROOT, tree.root, ignore=_LEFT_OUT)
        return int(not run([Trial(module, seed, count) for module in chosen], trees))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
