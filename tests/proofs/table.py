"""The table of the proofs, in Markdown.

``python -m tests.proofs.table`` prints it with what git says of each row now.
"""

import sys
from collections.abc import Iterable
from typing import Final

from tests.proofs import git, results
from tests.proofs.results import Row

_HEAD: Final = ("what was tried", "figures", "command", "seed", "commit", "date", "note")


def table(rows: Iterable[Row]) -> str:
    """The rows as a table."""
    lines = [_HEAD, ("---",) * len(_HEAD), *(_cells(row) for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cells(row: Row) -> tuple[str, ...]:
    figures = ", ".join(f"{name.replace('_', ' ')} {value:,}" for name, value in row.figures.items())
    note = ", ".join(["failed"] * (not row.holds) + [row.note] * bool(row.note))
    return row.what, figures, f"`{row.command}`", row.seed, row.commit, row.date, note


def page() -> str:
    """The page of the proofs."""
    return f"""\
# Proofs

This page is generated from `tests/proofs/results.json`: `python docs/catalogues.py`. `make proof` writes that file.

Each row says what a proof found when it ran last. [The tests](../../tests/README.md#proofs) describe the proofs.

- "Wrong", "lost", "doubled", "stuck", "problems" and "crashes" count what must never happen. A control breaks a rule on
  purpose: something has to be doubled there.
- A mutant is a copy of the sources with one small change. It is killed if a test fails, and timed out if the tests do
  not end. A survivor is a change that no test notices; `make proof` prints its place. An equivalent mutant changes
  nothing that a caller can see.
- The command repeats a row; with `SEED=` before it, its random choices are the same.
- A note says that the code was changed after the run. `python -m tests.proofs.table` compares with the present files.

{table(results.load())}"""


def current(rows: Iterable[Row]) -> list[Row]:
    """The rows with what git says of them now."""
    rows = list(rows)
    return results.noted(rows, [git.note(row.commit, row.proves) for row in rows])


if __name__ == "__main__":
    sys.stdout.write(table(current(results.load())))
