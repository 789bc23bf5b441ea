"""The record of the proofs: the rows of the table, stored in results.json."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from lxml import etree

NEVER: Final = ("wrong", "lost", "doubled", "unknown_singles", "stuck", "crashes", "problems")
"""The figures that have to be zero, but for the controls."""

RECORD: Final = Path(__file__).with_name("results.json")


@dataclass(frozen=True, slots=True)
class Row:
    """What one proof found when it ran last.

    Attributes:
        stage: The stage of ``make proof``.
        what: What was tried.
        figures: How much was tried, and how much of it was wrong.
        holds: Whether the stage passed.
        command: The command that repeats it.
        seed: What decided the random choices; empty where there are none.
        commit: The commit of the sources; "+" behind it says that files of `proves` were changed since.
        date: The day of the run.
        proves: The files and folders that the row speaks of.
        note: What git said of the row when the record was written.
    """

    stage: str
    what: str
    figures: dict[str, float]
    holds: bool
    command: str
    seed: str
    commit: str
    date: str
    proves: list[str]
    note: str = ""


def load(path: Path = RECORD) -> list[Row]:
    """The stored rows; none without a file."""
    return [Row(**each) for each in json.loads(path.read_text("utf-8"))] if path.exists() else []


def save(rows: Iterable[Row], path: Path = RECORD) -> None:
    """Store rows."""
    path.write_text(json.dumps([asdict(row) for row in rows], indent=1, ensure_ascii=False) + "\n", "utf-8")


def merged(stored: Iterable[Row], new: Iterable[Row], stages: Iterable[str]) -> list[Row]:
    """The rows of the stages that ran now, and the stored rows of the others, in the order of the stages."""
    new = list(new)
    fresh = {row.stage for row in new}
    order = {stage: place for place, stage in enumerate(stages)}
    rows = [*(row for row in stored if row.stage not in fresh and row.stage in order), *new]
    return sorted(rows, key=lambda row: order[row.stage])


def collected(folder: Path) -> dict[str, dict[str, float]]:
    """The sums of the figures that the tests of a stage recorded, by their rows."""
    rows: dict[str, dict[str, float]] = {}
    for file in sorted(folder.glob("*.jsonl")):
        for line in file.read_text("utf-8").splitlines():
            said: dict[str, Any] = json.loads(line)
            sums = rows.setdefault(said["row"], {})
            for name, value in said["figures"].items():
                sums[name] = round(sums.get(name, 0) + value, 3)
    return dict(sorted(rows.items()))


def counted(report: Path) -> dict[str, float]:
    """How many tests ran and failed by a report of pytest in JUnit's form; nothing without a report."""
    if not report.exists():
        return {}
    suite = etree.parse(report).getroot().find("testsuite")
    assert suite is not None
    tests, failures, errors, skipped = (int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped"))
    return {"tests": tests - skipped, "failed": failures + errors}


def blamed(rows: Sequence[Row]) -> list[Row]:
    """The rows of a stage that failed: only those fail whose figures say why, or all if none does."""
    wrong = [row for row in rows if any(row.figures.get(name) for name in NEVER) and "control" not in row.what]
    return [replace(row, holds=bool(wrong) and row not in wrong) for row in rows]


def noted(rows: Iterable[Row], notes: Iterable[str]) -> list[Row]:
    """The rows with what git says of them now."""
    return [replace(row, note=note) for row, note in zip(rows, notes, strict=True)]
