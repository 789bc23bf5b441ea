"""Fixtures of the command line: a simulator, and ways to run the program against it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from threading import Timer

import click
import pytest
from click.testing import CliRunner, Result
from loopback import authority, ca_file

from clicksoap.cli.app import cli
from clicksoap.simulator import Simulator

__all__ = ["authority", "ca_file"]

CLICKSOAP = Path(sys.executable).with_name("clicksoap")
PASSWORD = "tr0ub4dor-s3cret"

Run = Callable[..., Result]
Program = Callable[..., subprocess.CompletedProcess[str]]
Refused = Callable[..., tuple[int, str]]

_TYPED = """
import json, sys
from click.testing import CliRunner
from clicksoap.cli.app import cli
for line in sys.stdin:
    done = CliRunner().invoke(cli, json.loads(line), prog_name="clicksoap")
    print(json.dumps([done.exit_code, done.stderr]), flush=True)
"""


@pytest.fixture
def gateway() -> Iterator[Simulator]:
    """A simulator that takes all credentials but the password ``wrong``."""
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def account(gateway: Simulator) -> dict[str, str]:
    """The variables of an account of the simulator."""
    return {
        "CLICKSOAP_ENDPOINT": gateway.origin,
        "CLICKSOAP_API_ID": "123456",
        "CLICKSOAP_USER": "acme",
        "CLICKSOAP_PASSWORD": PASSWORD,
    }


@pytest.fixture(autouse=True)
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without configuration, which is also the current folder, and no variables of clicksoap."""
    for name in [each for each in os.environ if each.startswith(("CLICKSOAP_", "CLICKATELL_", "XDG_CONFIG"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(account: dict[str, str]) -> Run:
    """Runs a command in this process, with the account of the simulator."""

    def called(*arguments: str, given: str | None = None, variables: Mapping[str, str] | None = None) -> Result:
        runner = CliRunner(env={**account, **(variables or {})})
        result = runner.invoke(cli, arguments, input=given)
        if result.exception is not None and not isinstance(result.exception, SystemExit | click.exceptions.Exit):
            raise result.exception
        assert PASSWORD not in result.output
        return result

    return called


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Runs the program in a process of its own: ``env -i LC_ALL=C COLUMNS=40``, with pipes and a closed input."""

    def called(*arguments: str, given: str | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
        command = [str(CLICKSOAP), *arguments]
        if given is None:
            command = ["sh", "-c", 'exec "$@" <&-', "sh", *command]
        done = subprocess.run(
            command,
            input=given,
            stdin=None if given is not None else subprocess.DEVNULL,
            env={"LC_ALL": "C", "COLUMNS": "40", "HOME": str(tmp_path), **variables},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        assert PASSWORD not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    return called


@pytest.fixture(scope="session")
def refused() -> Iterator[Refused]:
    """Gives the exit code and the error of a command that begins nothing, in one process for all such commands.

    A command that begins to serve ends that process after a minute, and fails the test.
    """
    with subprocess.Popen([sys.executable, "-c", _TYPED], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        questions, answers = process.stdin, process.stdout

        def called(*arguments: str) -> tuple[int, str]:
            limit = Timer(60, process.kill)
            limit.start()
            try:
                questions.write(json.dumps(arguments).encode() + b"\n")
                questions.flush()
                answer = answers.readline()
            finally:
                limit.cancel()
            assert answer, f"clicksoap {' '.join(arguments)} was not refused"
            code, told = json.loads(answer)
            return code, told

        yield called
        process.kill()
