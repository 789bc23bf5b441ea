"""The outcome of the tests does not depend on how they are started."""

import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
IGNORING: Final = (
    "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
)


def test_tests_of_interrupts_pass_where_the_parent_ignores_sigint() -> None:
    """A shell starts the background jobs of a script so."""
    files = ("tests/sending/test_interruption.py", "tests/transports/test_faults.py", "tests/asynchronous")
    pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "ctrl_c or interrupt", *files]
    done = subprocess.run(
        [sys.executable, "-c", IGNORING, *pytest], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
