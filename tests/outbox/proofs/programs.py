"""Workers of the proofs as programs of their own, and the command line as another one."""

import os
import subprocess
import sys
from pathlib import Path

from tests.outbox.proofs.staging import ROOT, Gateway


class Worker:
    """A worker of a release, as a program."""

    def __init__(self, release: Path, url: str, gateway: Gateway, log: Path, **more: str) -> None:
        self.log = log
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")},
            "PROOF_URL": url,
            "PROOF_PORT": str(gateway.port),
            "PROOF_FOLDER": str(gateway.record.parent),
            **more,
        }
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.outbox.proofs.plain_worker"],
                cwd=release, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            )  # fmt: skip

    def end(self) -> None:
        """Kill it, if it runs."""
        self.process.kill()
        self.process.wait(20)

    def problem_of_refusal(self, said: str, seconds: float) -> str | None:
        """What is wrong with the way in which it ends by itself; None if it refuses the outbox in these words."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return f"{self.log.name} went on for {seconds:g} s"
        told = self.log.read_text("utf-8", "replace")
        return None if code == 1 and said in told else f"{self.log.name} ended with {code}: {told[-500:]}"


def command_line(*words: str, release: Path = ROOT) -> str:
    """Run a command of the outbox; gives what went wrong. The code 5 says that messages are in doubt."""
    command = [sys.executable, "-m", "clicksoap", "outbox", *words]
    done = subprocess.run(command, cwd=release, capture_output=True, encoding="utf-8", check=False)
    return "" if done.returncode in (0, 5) else f"{words[0]} ended with {done.returncode}: {done.stderr[-500:]}"
