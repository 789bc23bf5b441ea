"""Runs all tests once more and says which share of the package's lines and branches they reach.

``STAGES=coverage make proof`` runs it. It stands apart from ``make test``, because tracing makes tests take two thirds
longer on Python 3.11.
"""

import os
import subprocess
import sys
from typing import Final

from tests.proofs.git import ROOT

sys.path.insert(0, str(ROOT / "tests/support"))

from figures import record

_OF_PROOFS: Final = {"EXAMPLES", "PROOF_FIGURES", "SEED", "SHORT"}


def main() -> int:
    """Measure; gives 0 if the tests pass and the share is high enough (``fail_under`` in pyproject.toml)."""
    # As ``make test`` runs them. What its tests count belongs to the stages of these proofs.
    environment = {name: value for name, value in os.environ.items() if name not in _OF_PROOFS}
    processes = environment.get("PROCESSES") or "2"

    def coverage(*arguments: str, capture_output: bool = False) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "coverage", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, text=True, check=False, capture_output=capture_output)

    coverage("erase")
    tests = coverage("run", "-m", "pytest", "-q", "-n", processes, "--dist", "worksteal", "--ignore=tests/proofs")
    coverage("combine", "--quiet")
    report = coverage("report")
    total = coverage("report", "--format=total", "--precision=1", "--fail-under=0", capture_output=True)
    if not total.returncode:
        record("coverage, lines and branches", percent=float(total.stdout))
    return tests.returncode or report.returncode


if __name__ == "__main__":
    sys.exit(main())
