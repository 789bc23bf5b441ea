"""The command ``clicksoap callbacks serve``: lines, commands, the outbox, logins, and its end."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Final
from urllib.parse import quote_plus

import pytest

from clicksoap.outbox import Outbox

from .conftest import CLICKSOAP, Run

REPORT: Final = {"apiMsgId": "a1", "cliMsgId": "c1", "timestamp": "1769902214", "to": "27820000001", "status": "004"}
INBOUND: Final = {
    "moMsgId": "m1", "from": "27820000001", "to": "27123456789", "timestamp": "2026-02-01 01:30:00", "text": "Stop.",
}  # fmt: skip
LOGIN: Final = "gateway:let-me-in-please"


class Served:
    """A running command."""

    def __init__(self, process: subprocess.Popen[str], port: int, notes: str) -> None:
        self.process = process
        self.notes = notes
        self._port = port

    def call(self, fields: Mapping[str, str], login: str | None = LOGIN, path: str = "/") -> int:
        """Give it a callback, and get the status of the answer."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if login is not None:
            headers["Authorization"] = f"Basic {b64encode(login.encode()).decode()}"
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        body = "&".join(f"{name}={quote_plus(value)}" for name, value in fields.items())
        connection.request("POST", path, body, headers)
        status = connection.getresponse().status
        connection.close()
        return status

    def line(self) -> dict[str, object]:
        """The next event of the output."""
        assert self.process.stdout is not None
        found: dict[str, object] = json.loads(self.process.stdout.readline())
        return found

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


@contextmanager
def serving(folder: Path, *arguments: str, login: str | None = LOGIN, **variables: str) -> Iterator[Served]:
    """Run the command, and wait until it listens."""
    login_options: list[str] = []
    if login is not None:
        (folder / "login.txt").write_text(login)
        login_options = ["--login-file", str(folder / "login.txt")]
    process = subprocess.Popen(
        [str(CLICKSOAP), "callbacks", "serve", "--port", "0", *login_options, *arguments],
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **variables},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    notes = ""
    try:
        while (found := re.search(r"received at http://127\.0\.0\.1:(\d+)", notes)) is None:
            line = process.stderr.readline()
            assert line, notes
            notes += line
        yield Served(process, int(found[1]), notes)
    finally:
        process.kill()
        process.communicate()


def test_events_are_lines_of_json(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        assert served.call(REPORT) == 200
        assert served.call(INBOUND) == 200
        report, inbound = served.line(), served.line()
        assert (report["event"], report["message_id"], report["status"]) == ("delivery_report", "a1", "004")
        assert (inbound["event"], inbound["text"]) == ("inbound_message", "Stop.")
        assert "WARNING" not in served.notes


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_status_0(tmp_path: Path, number: signal.Signals) -> None:
    with serving(tmp_path) as served:
        assert served.call(REPORT) == 200
        assert served.end(number) == 0
        assert served.process.stderr is not None
        assert served.process.stderr.read() == ""


def test_a_wrong_login_is_refused_and_each_of_several_lines_is_right(tmp_path: Path) -> None:
    with serving(tmp_path, login=f"# rotation\n{LOGIN}\ngateway:the-next-one") as served:
        assert served.call(REPORT, login=None) == 401
        assert served.call(REPORT, login="gateway:wrong") == 401
        assert served.call(REPORT, login="gateway:the-next-one") == 200


def test_the_login_and_the_secret_path_come_from_the_environment(tmp_path: Path) -> None:
    variables = {"CLICKSOAP_CALLBACKS_LOGIN": LOGIN, "CLICKSOAP_CALLBACKS_PATH": "/hooks/0123456789abcdef"}
    with serving(tmp_path, login=None, **variables) as served:
        assert served.call(REPORT) == 404
        assert served.call(REPORT, path="/hooks/0123456789abcdef") == 200
        assert served.call(REPORT, path="/hooks/0123456789abcdef", login=None) == 401


def test_a_metrics_port_that_is_taken_is_named_with_its_own_option(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = run("callbacks", "serve", "--port", "0", "--metrics-port", str(taken.getsockname()[1]))
    assert ran.exit_code == 1
    assert "cannot be used" in ran.stderr
    assert "give another --metrics-port" in ran.stderr


def test_the_metrics_are_at_a_port_of_their_own(tmp_path: Path) -> None:
    with serving(tmp_path, "--metrics-port", "0") as served:
        (port,) = re.findall(r"^Metrics are at http://127\.0\.0\.1:(\d+)/metrics\.$", served.notes, re.MULTILINE)

        def got(path: str) -> tuple[int, str]:
            connection = HTTPConnection("127.0.0.1", int(port), timeout=30)
            connection.request("GET", path)
            answer = connection.getresponse()
            found = answer.status, answer.read().decode()
            connection.close()
            return found

        assert served.call(REPORT, path="/metrics") == 200  # a callback, on the port of the callbacks
        assert served.call(REPORT, login="gateway:wrong") == 401
        status, text = got("/metrics")
        assert status == 200
        assert 'clicksoap_callbacks_refused_total{reason="login"} 1\n' in text
        assert got("/")[0] == 404
        assert served.end() == 0


def test_a_receiver_that_is_open_to_everybody_warns(tmp_path: Path) -> None:
    with serving(tmp_path, login=None) as served:
        assert "EVERYBODY" in served.notes
        assert served.call(REPORT, login=None) == 200


def test_callers_outside_of_the_allowed_networks_are_refused(tmp_path: Path) -> None:
    with serving(tmp_path, "--allow", "10.0.0.0/8", login=None) as served:
        assert served.call(REPORT) == 403
        assert "EVERYBODY" not in served.notes


def test_a_command_reads_each_event_and_its_exit_code_decides(tmp_path: Path) -> None:
    """The first run fails, so that the gateway has to try again."""
    program = tmp_path / "handle.py"
    program.write_text(
        "import pathlib, sys\n"
        "text = sys.stdin.read()\n"
        "if not pathlib.Path('tried').exists():\n"
        "    pathlib.Path('tried').touch()\n"
        "    sys.exit(3)\n"
        "pathlib.Path('got').write_text(text)\n"
    )
    with serving(tmp_path, "--exec", f"{sys.executable} {program}") as served:
        assert served.call(REPORT) == 500
        assert served.call(REPORT) == 200
    assert json.loads((tmp_path / "got").read_text())["message_id"] == "a1"


def test_an_event_of_the_store_is_handled_by_the_next_process(tmp_path: Path) -> None:
    store = str(tmp_path / "callbacks.db")
    with serving(tmp_path, "--store", store, "--exec", "false") as served:
        assert served.call(REPORT) == 200
        assert served.end() == 0
    with serving(tmp_path, "--store", store) as served:
        assert served.line()["message_id"] == "a1"


def test_the_outbox_learns_of_a_stop_and_the_line_is_still_written(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/outbox.db"
    with serving(tmp_path, "--outbox", url) as served:
        assert served.call(INBOUND) == 200
        assert served.line()["text"] == "Stop."
    with Outbox(url) as box:
        assert [each.why for each in box.suppressions()] == ["STOP"]


def test_it_ends_with_status_1_if_nobody_reads_its_output(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        assert served.process.stdout is not None
        served.process.stdout.close()
        assert served.call(REPORT) == 500
        assert served.process.wait(30) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        (["--path", "/short"], 2, "secret_path"),
        (["--login-file", "missing.txt"], 2, "--login-file"),
        (["--exec", ""], 2, "--exec"),
        (["--allow", "nowhere"], 2, "allow"),
        (["--store", "missing/callbacks.db"], 1, "--store"),
        (["--store", "postgresql://user:hush@127.0.0.1:9/none"], 1, "--store"),
        (["--outbox", "mysql://user:hush@127.0.0.1/none"], 2, "url"),
        (["--host", "203.0.113.1"], 1, "--host"),
    ],
)
def test_what_cannot_work_is_said_in_one_line(run: Run, arguments: list[str], code: int, named: str) -> None:
    done = run("callbacks", "serve", "--port", "0", *arguments)
    assert done.exit_code == code
    assert named in done.stderr
    assert "hush" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_login_that_is_not_one_is_refused_without_its_text(run: Run, tmp_path: Path) -> None:
    (tmp_path / "login.txt").write_text("hush")
    done = run("callbacks", "serve", "--login-file", str(tmp_path / "login.txt"))
    assert done.exit_code == 2
    assert "USER:PASSWORD" in done.stderr
    assert "hush" not in done.stderr
