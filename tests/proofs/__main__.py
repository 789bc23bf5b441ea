"""The long proofs, one after another, and the table of what they found.

``make proof`` runs them. The environment says how:

SHORT      1 for some twenty minutes in all
SEED       decides every damaged message and every mutant; a random one by default
STAGES     the names of some stages, with commas between them; all by default; a short run leaves out the
           coverage and the foreign programs
RECORD     1 stores the rows in results.json and in the page, 0 does not; a long run does by default
PROCESSES  how many processes run the tests of a stage; 2 by default

How much is done follows from SHORT; MUTANTS, REPLIES, CALLBACK_MUTANTS, CODE_MUTANTS and EXAMPLES say it otherwise (see
`stages.Extent`).
"""

import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.proofs import git, results
from tests.proofs.results import Row, blamed
from tests.proofs.stages import LONG, SHORT, Stage, stages
from tests.proofs.table import current, table


def main() -> int:
    """Run the stages, even if one fails; gives 0 if all hold."""
    is_short = _is_on("SHORT")
    seed = os.environ.get("SEED") or str(secrets.randbelow(2**32))
    repeat = f"{'SHORT=1 ' * is_short}SEED={seed} make proof"
    _say(f"proofs with the seed {seed}; the same again: {repeat}")
    extent = SHORT if is_short else LONG
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder)
        known = stages(extent, os.environ.get("PROCESSES") or "2", str(figures / "load.jsonl"), seed)
        environment = {
            **extent.environment(),
            **os.environ,
            "SEED": seed,
            "SHORT": str(int(is_short)),
            "PROOF_FIGURES": folder,
        }
        new: list[Row] = []
        for stage in _chosen(known, is_short=is_short):
            new += _run(stage, environment, figures, is_short=is_short)
    rows = results.merged(results.load(), new, [stage.name for stage in known])
    _say("\n" + table(current(rows)))
    is_usual = not is_short and not os.environ.keys() & SHORT.environment().keys()
    if _is_on("RECORD") or (is_usual and not os.environ.get("RECORD")):
        results.save(current(rows))
        subprocess.run([sys.executable, "docs/catalogues.py"], cwd=git.ROOT, check=True)
    failed = list(dict.fromkeys(row.stage for row in new if not row.holds))
    if failed:
        _say(f"failed: {', '.join(failed)}; the same again: {repeat}")
    return bool(failed)


def _is_on(name: str) -> bool:
    return os.environ.get(name, "") not in {"", "0"}


def _chosen(known: Sequence[Stage], *, is_short: bool) -> list[Stage]:
    names = [each.strip() for each in os.environ.get("STAGES", "").split(",") if each.strip()]
    if unknown := set(names) - {stage.name for stage in known}:
        raise SystemExit(f"unknown stage {min(unknown)}: give {', '.join(stage.name for stage in known)}")
    return [stage for stage in known if (stage.name in names if names else stage.is_short or not is_short)]


def _run(stage: Stage, environment: dict[str, str], figures: Path, *, is_short: bool) -> list[Row]:
    """The rows of a stage that runs now."""
    began = time.monotonic()
    commit = git.commit(stage.proves)
    report = figures / "tests.xml"
    told = [f"--junitxml={report}"] if stage.command[0] == "pytest" else []
    done = subprocess.run([sys.executable, "-m", *stage.command, *told], cwd=git.ROOT, env=environment, check=False)
    holds = not done.returncode
    _say(f"{stage.name}: {'holds' if holds else 'failed'} after {time.monotonic() - began:.0f} s")
    # Where no test counts anything by itself, the tests are counted.
    found = results.collected(figures) or {stage.name: results.counted(report)}
    for file in figures.iterdir():
        file.unlink()
    name = f"'{stage.name}'" if " " in stage.name else stage.name
    said = "".join(f"{each}={os.environ[each]} " for each in SHORT.environment() if each in os.environ)
    command = f"{'SHORT=1 ' * is_short}{said}STAGES={name} make proof"
    today = datetime.now(UTC).date().isoformat()
    rows = [
        Row(stage.name, what, counts, holds, command, environment["SEED"], commit, today, stage.proves)
        for what, counts in found.items()
    ]
    return rows if holds else blamed(rows)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
