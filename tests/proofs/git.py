"""What git says of the sources that a proof ran with."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
OLDER: Final = "older than its code"
UNCOMMITTED: Final = "code was not committed"
UNKNOWN: Final = "age unknown"


def commit(proves: Sequence[str], root: Path = ROOT) -> str:
    """The short name of the present commit, with "+" where files of a proof are changed; empty without git."""
    name = _git(root, "rev-parse", "--short=9", "HEAD")
    if name.returncode:
        return ""
    changed = _git(root, "status", "--porcelain", "--", *proves).stdout
    return name.stdout.strip() + "+" * bool(changed)


def note(made_with: str, proves: Sequence[str], root: Path = ROOT) -> str:
    """Whether the files that a proof speaks of are still those that it ran with; empty if they are."""
    if made_with.endswith("+"):
        return UNCOMMITTED
    if not made_with:
        return UNKNOWN
    status = _git(root, "diff", "--quiet", made_with, "--", *proves).returncode
    return {0: "", 1: OLDER}.get(status, UNKNOWN)


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    except OSError as error:  # no such program
        return subprocess.CompletedProcess(arguments, 127, "", str(error))
