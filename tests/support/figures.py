"""Figures of the proofs: what a test counted, for the table of ``make proof``."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def record(row: str, **figures: float) -> None:
    """Add figures to a row of the table; nothing happens without ``PROOF_FIGURES``, the folder for them.

    The table shows the sum of what all tests and all processes record under a name.
    """
    folder = os.environ.get("PROOF_FIGURES")
    if folder:
        # Each process has a file of its own, so that no line is torn.
        with (Path(folder) / f"{os.getpid()}.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"row": row, "figures": figures}) + "\n")


@contextmanager
def counting(row: str, failures: str, **figures: float) -> Iterator[None]:
    """Record figures at the end of a block, and one failure if it raises; without one, the failures are zero."""
    try:
        yield
    except BaseException:
        record(row, **figures, **{failures: 1})
        raise
    record(row, **figures, **{failures: 0})
