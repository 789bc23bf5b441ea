"""Everything, one part after another, each in a process of its own; then the page, and what must hold.

``python -m benchmarks`` takes about fifteen minutes, ``--quick`` three and writes no page unless
it is told to.
"""

import argparse
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from benchmarks import growth, in_use, latency, page, side_by_side, startup
from benchmarks.measuring import machine
from benchmarks.targets import Figures, targets

_PARTS: Final[dict[str, Callable[[bool, int], Any]]] = {
    "side_by_side": lambda quick, _: side_by_side.side_by_side(quick=quick),
    "in_use": lambda quick, _: in_use.in_use(quick=quick),
    "startup": lambda quick, _: startup.startup(quick=quick),
    "growth": lambda quick, calls: growth.growth(quick=quick, calls=calls),
    "latency": lambda quick, _: latency.latency(quick=quick),
}
_LONGEST: Final = 6 * 3600


def _measured(part: str, arguments: argparse.Namespace) -> Any:  # noqa: ANN401 - each part has its own
    """A part's figures, from a fresh process, whose memory and imports are its own."""
    print(f"-- {part}", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "figures"
        options = ["--calls", str(arguments.calls), "--part", part, str(found), *(["--quick"] * arguments.quick)]
        subprocess.run([sys.executable, "-m", "benchmarks", *options], check=True, timeout=_LONGEST)
        return pickle.loads(found.read_bytes())  # noqa: S301 - our own process wrote it


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few short rounds, to see that it works; writes no page")
    parser.add_argument("--page", action="store_true", help="write docs/explanation/speed.md in spite of --quick")
    parser.add_argument("--calls", type=int, default=0, help="calls of one client when memory is watched")
    parser.add_argument("--strict", action="store_true", help="end with status 1 if something that must hold does not")
    parser.add_argument("--part", nargs=2, help=argparse.SUPPRESS)
    return parser


def main() -> int:
    """Run."""
    arguments = _parser().parse_args()
    arguments.calls = arguments.calls or (5_000 if arguments.quick else growth.CALLS)
    if arguments.part:
        part, where = arguments.part
        Path(where).write_bytes(pickle.dumps(_PARTS[part](arguments.quick, arguments.calls)))
        return 0
    about = machine()
    cases, used, beginnings, grown, (throughputs, without) = (_measured(part, arguments) for part in _PARTS)
    skipped = [*dict.fromkeys(reason for case in cases for reason in case.skipped), *without]
    figures = Figures(cases, used, beginnings, grown, throughputs, skipped)
    tables = [*map(side_by_side.show, cases), *map(in_use.show, used.cases)]
    for shown in (*tables, *(one.show() for one in beginnings), grown.show()):
        print(shown, end="\n\n" if "\n" in shown else "\n")
    for line in (*(one.show() for one in throughputs), *(f"  left out: {reason}" for reason in skipped)):
        print(line)
    print()
    found = targets(figures)
    for target in found:
        bound, figure, verdict = target.words()
        print(f"  {target.text:84} {bound:>10} {figure:>12}  {verdict}")
    if arguments.page or not arguments.quick:
        pinned = hasattr(os, "sched_getaffinity") and len(os.sched_getaffinity(0)) > 1
        command = "make bench" if not (arguments.quick) else "python -m benchmarks --quick --page"
        for path in page.write(figures, about, command, pinned=pinned):
            print(f"wrote {path}")
    return int(arguments.strict and not all(target.is_met for target in found))


if __name__ == "__main__":
    sys.exit(main())
