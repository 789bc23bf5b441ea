"""The command ``clicksoap simulator``: its request log, its secret files, and errors that speak of its options."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from .conftest import Refused

CLICKSOAP = Path(sys.executable).with_name("clicksoap")
SENT = "/http/sendmsg?api_id=7&user=acme&password=tr0ub4dor&text=hi&to="


class Running:
    """A simulator of its own process."""

    def __init__(self, process: subprocess.Popen[str], is_json: bool) -> None:  # noqa: FBT001
        assert process.stdout is not None
        assert process.stderr is not None
        self._process = process
        self._requests = process.stdout
        self.start: list[str] = []
        lines = process.stderr if is_json else process.stdout
        while not self.start or not self.start[-1].startswith(("997 ", "From ")):
            line = lines.readline()
            assert line, self.start
            self.start.append(line)
        self.origin = self.start[0].split()[3].rstrip(",")

    def get(self, path: str) -> str:
        """Send a request; gives the line of the log."""
        requests.get(f"{self.origin}{path}", timeout=10)
        line = self._requests.readline()
        while line.startswith("From other machines"):
            line = self._requests.readline()
        return line


@contextmanager
def _running(*arguments: str) -> Iterator[Running]:
    command = [str(CLICKSOAP), "simulator", "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        watchdog = threading.Timer(30, process.kill)
        watchdog.start()
        try:
            yield Running(process, "json" in arguments)
        finally:
            watchdog.cancel()
            process.kill()


def _error(refused: Refused, *arguments: str) -> str:
    code, error = refused("simulator", "--port", "0", *arguments)
    assert code == 2
    return error.splitlines()[-1].removeprefix("Error: ")


def test_every_request_is_a_line_with_its_outcome_and_reason() -> None:
    with _running() as running:
        assert re.fullmatch(r"[0-9:]{8}  http  sendmsg  27821234567  accepted\n", running.get(f"{SENT}27821234567"))
        refused = running.get(f"{SENT}27821234567,0821234567")
        assert '  27821234567 +1  partly  105 to "0821234567": begins with a national 0;' in refused
        assert "  unknown  GET /http/sendsms  unreadable  404 " in running.get("/http/sendsms?password=tr0ub4dor")


def test_the_log_is_json_if_it_is_asked_for_and_holds_no_secret() -> None:
    with _running("--log", "json") as running:
        line = running.get(f"{SENT}0821234567")
        assert "tr0ub4dor" not in line
        said = json.loads(line)
        assert (said["command"], said["code"], said["parameter"], said["outcome"]) == (
            "sendmsg",
            "105",
            "to",
            "refused",
        )
        assert said["warnings"] == []


def test_quiet_says_nothing() -> None:
    command = [str(CLICKSOAP), "simulator", "--port", "0", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(2)
        process.terminate()
        assert process.communicate(timeout=10) == ("", "")


def test_the_login_and_the_accounts_come_from_files(tmp_path: Path) -> None:
    login, accounts = tmp_path / "login", tmp_path / "accounts"
    login.write_text("ann:quiet\n")
    accounts.write_text("# the test account\n7:acme:tr0ub4dor\n\n")
    with _running("--login-file", str(login), "--account-file", str(accounts)) as running:
        assert requests.get(f"{running.origin}/api/v1/info", timeout=10).status_code == 401
        assert requests.get(f"{running.origin}/api/v1/info", auth=("ann", "quiet"), timeout=10).status_code == 200
        assert running.get(f"{SENT}27821234567").endswith("accepted\n")
        assert "001 user" in running.get(f"{SENT.replace('acme', 'other')}27821234567")


def test_the_address_for_other_machines_is_printed() -> None:
    with _running("--host", "0.0.0.0", "--login", "ann:quiet") as running:  # noqa: S104
        assert running.origin.startswith("http://127.0.0.1:")
        port = running.origin.rpartition(":")[2]
        others = [line for line in running.start if line.startswith("From other machines: http://")]
        while not others:
            running.start.append(running._requests.readline())
            others = [line for line in running.start if line.startswith("From other machines: http://")]
        assert others[0].endswith(f":{port}/\n")
        assert "0.0.0.0" not in others[0]  # noqa: S104


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--host", "0.0.0.0"], "--host: reachable from other machines, and anybody there could read"),  # noqa: S104
        (["--host", "my-machine"], "--host: not an address: give an address to listen on, such as 127.0.0.1"),
        (["--login", "ann"], "--login: incomplete login: give USER:PASSWORD"),
        (["--login-file", "/nowhere"], "--login-file: /nowhere cannot be read: No such file or directory"),
        (["--login", "a:b", "--login-file", "/nowhere"], "--login and --login-file: both are given: give one of them"),
        (["--account-file", "/nowhere"], "--account-file: /nowhere cannot be read: No such file or directory"),
    ],
)
def test_an_error_speaks_of_the_option_and_not_of_a_python_argument(
    arguments: list[str], said: str, refused: Refused
) -> None:
    text = _error(refused, *arguments)
    assert text.startswith(said)
    assert "login=" not in text


def test_an_incomplete_login_of_a_file_is_not_quoted(tmp_path: Path, refused: Refused) -> None:
    file = tmp_path / "login"
    file.write_text("tr0ub4dor")
    assert _error(refused, "--login-file", str(file)) == "--login-file: incomplete login: give USER:PASSWORD"
