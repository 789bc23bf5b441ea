"""The speed of sends beside that of another commit: ``make bench-two BASE=… ROUNDS=10``.

Each round measures both commits, each in a fresh process, in turns; the next round begins with the other one. What
disturbs a round disturbs both, so that the ratio of each round counts, with its interval over the rounds.
"""

import argparse
import json
import math
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import product
from typing import Final

from benchmarks.canned_server import running
from benchmarks.commits import check_package, exported, run_with
from benchmarks.measuring import CLIENT_CORE, pin
from benchmarks.scenario import DOCUMENT, RPC

SIZES: Final = (1, 300)
SECONDS: Final = 1.0
"""How long each case is measured in each round."""
LEAST: Final = 0.95
"""The lower end of an interval that shows no loss."""

# Two-sided 95 % quantiles of Student's t, by degrees of freedom from 1; beyond, the normal one's is close enough.
_T: Final = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131),
    *(2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)
_NORMAL: Final = 1.96

Rates = dict[str, float]


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean ratio with its 95 % interval."""

    mean: float
    low: float
    high: float


def interval(ratios: Sequence[float]) -> Interval:
    """The geometric mean of ratios and its 95 % interval, by Student's t over their logarithms.

    Raises:
        ValueError: There are fewer than two.
    """
    if len(ratios) < 2:
        raise ValueError("one round has no interval: give --rounds 2 or more")
    logs = [math.log(ratio) for ratio in ratios]
    degrees = len(logs) - 1
    t = _T[degrees - 1] if degrees <= len(_T) else _NORMAL
    middle, half = statistics.mean(logs), t * statistics.stdev(logs) / math.sqrt(len(logs))
    return Interval(math.exp(middle), math.exp(middle - half), math.exp(middle + half))


def _worker(port: int, seconds: float) -> Rates:
    """Calls a second of the clicksoap that is imported, by case."""
    from benchmarks import contenders  # noqa: PLC0415 - imports clicksoap, which only the worker has on its path

    makers: dict[str, Callable[[str, int], contenders.Contender]] = {
        "1 thread": lambda binding, size: contenders.clicksoap_sync(port, binding, size),
        "16 threads": lambda binding, size: contenders.InThreads(contenders.clicksoap_sync(port, binding, size), 16),
        "async, 32 at once": lambda binding, size: contenders.clicksoap_async(port, binding, size, 32),
    }
    pin(CLIENT_CORE)
    rates: Rates = {}
    for binding, size, (name, make) in product((DOCUMENT, RPC), SIZES, makers.items()):
        contender = make(binding, size)
        try:
            contender.run(seconds / 4)  # warms up
            began = time.perf_counter()
            calls = contender.run(seconds)
            rates[f"{binding}, {size}, {name}"] = calls / (time.perf_counter() - began)
        finally:
            contender.close()
    return rates


def measure(base: str, head: str | None, rounds: int, seconds: float) -> list[tuple[Rates, Rates]]:
    """The rates of both commits, round by round."""
    measured: list[tuple[Rates, Rates]] = []
    with ExitStack() as stack:
        packages = [stack.enter_context(exported(commit)) for commit in (base, head)]
        port = stack.enter_context(running())
        for turn in range(rounds):
            found: list[Rates] = [{}, {}]
            for index in (0, 1) if turn % 2 == 0 else (1, 0):
                arguments = ["--worker", str(packages[index]), str(port), "--seconds", str(seconds)]
                found[index] = json.loads(run_with(packages[index], "benchmarks.two_commits", *arguments))
            measured.append((found[0], found[1]))
            print(f"round {turn + 1} of {rounds}", file=sys.stderr, flush=True)
    return measured


def show(measured: list[tuple[Rates, Rates]], base: str) -> tuple[str, bool]:
    """A table, and whether no case is slower than it may be."""
    lines = [f"{'case':40} {base[:12]:>12} {'now':>9} {'ratio':>7} {'95 % interval':>16}"]
    holds = True
    for case in measured[0][0]:
        before, now = ([rates[case] for rates in column] for column in zip(*measured, strict=True))
        found = interval([new / old for old, new in zip(before, now, strict=True)])
        verdict = "" if found.low >= LEAST else f"  below {LEAST}"
        holds &= not verdict
        lines.append(
            f"{case:40} {statistics.median(before):12.0f} {statistics.median(now):9.0f} {found.mean:7.3f}"
            f" {f'{found.low:.3f} to {found.high:.3f}':>16}{verdict}"
        )
    return "\n".join(lines), holds


def main() -> int:
    """Measure and show; gives 1 if the lower end of an interval is below 0.95."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.two_commits", description=__doc__)
    parser.add_argument("base", nargs="?", help="a commit")
    parser.add_argument("--head", help="another commit in place of the working tree")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for each case in each round")
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        package, port = arguments.worker
        check_package(package)
        print(json.dumps(_worker(int(port), arguments.seconds)))
        return 0
    if not arguments.base:
        parser.error("name the commit to compare with, such as 6a81435")
    if arguments.rounds < 2:
        parser.error("one round has no interval: give --rounds 2 or more")
    shown, holds = show(measure(arguments.base, arguments.head, arguments.rounds, arguments.seconds), arguments.base)
    print(shown)
    return int(not holds)


if __name__ == "__main__":
    sys.exit(main())
