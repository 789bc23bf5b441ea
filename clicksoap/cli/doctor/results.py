"""Results of checks: the state, the finding, and for a failure its meaning and what to do."""

from dataclasses import dataclass
from enum import StrEnum


class CheckState(StrEnum):
    """The state of one check."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one check.

    Attributes:
        state: The state.
        finding: The finding in one line.
        meaning: What a failure or a warning means; empty otherwise.
        mend: What to do about it; empty otherwise.
        details: Further lines, such as the differences of two files.
        exit_code: The exit code that a failure gives.
    """

    state: CheckState
    finding: str
    meaning: str = ""
    mend: str = ""
    details: tuple[str, ...] = ()
    exit_code: int = 0


def passed(finding: str) -> Result:
    """The result of a check that found nothing wrong."""
    return Result(CheckState.OK, finding)


def warned(finding: str, meaning: str, mend: str, details: tuple[str, ...] = ()) -> Result:
    """The result of a check that found something that may matter; it does not change the exit code."""
    return Result(CheckState.WARNING, finding, meaning, mend, details)


def failure(finding: str, meaning: str, mend: str, exit_code: int, details: tuple[str, ...] = ()) -> Result:
    """The result of a check that found something wrong."""
    return Result(CheckState.FAILED, finding, meaning, mend, details, exit_code)


def skipped(finding: str) -> Result:
    """The result of a check that was not made."""
    return Result(CheckState.SKIPPED, finding)
