"""The command line as its user sees it."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import click
import pytest
import requests

from clicksoap.cli.app import cli

from .conftest import Refused

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
CLICKSOAP = Path(sys.executable).with_name("clicksoap")


def _clicksoap(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([CLICKSOAP, *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_demo_ends_with_code_0_and_shows_both_bindings() -> None:
    done = _clicksoap("demo")
    assert (done.returncode, done.stderr) == (0, "")
    for shown in ("document_literal.wsdl", "rpc_encoded.wsdl", "http://127.0.0.1:", "105 Invalid destination address"):
        assert shown in done.stdout
    assert "998.00 after" in done.stdout


def test_demo_gives_the_same_as_json() -> None:
    done = _clicksoap("demo", "--json")
    literal, encoded = json.loads(done.stdout)
    assert (literal["binding"], encoded["binding"]) == ("document_literal", "rpc_encoded")
    for said in (literal, encoded):
        assert [row["state"] for row in said["recipients"]] == ["accepted", "accepted", "rejected"]
        assert [row["routed"] for row in said["recipients"]] == [True, True, False]
        assert float(said["balance_before"]) - float(said["balance_after"]) == 2


def test_simulator_serves_its_wsdls_until_it_is_interrupted() -> None:
    with subprocess.Popen([CLICKSOAP, "simulator", "--port", "0"], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = [process.stdout.readline() for _ in range(5)]
            urls = re.findall(r"http://\S+wsdl", "".join(said))
            assert len(urls) == 4
            for url in urls:
                assert "definitions" in requests.get(url, timeout=10).text
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_a_port_in_use_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = _clicksoap("simulator", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "try --port 0" in done.stderr


@pytest.mark.parametrize(
    ("hidden", "arguments", "install"),
    [
        ("click", ["demo"], 'pip install "clicksoap[cli]"'),
        ("rich", ["demo"], 'pip install "clicksoap[cli]"'),
        ("starlette", ["demo"], 'pip install "clicksoap[simulator]"'),
        ("uvicorn", ["simulator"], 'pip install "clicksoap[simulator]"'),
    ],
)
def test_a_missing_extra_is_one_line_with_the_install_command(hidden: str, arguments: list[str], install: str) -> None:
    program = f"""
import sys
sys.modules[{hidden!r}], sys.argv[1:] = None, {arguments!r}
from clicksoap.cli import main
main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert install in done.stderr
    assert done.stderr.count("\n") == 1


def test_version_and_help_answer() -> None:
    assert _clicksoap("--version").stdout.startswith("clicksoap, version ")
    assert "simulator" in _clicksoap("-h").stdout


@contextmanager
def _serving(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """A simulator of its own process, and the lines it says before it serves."""
    command = [str(CLICKSOAP), "simulator", "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said: list[str] = []
        try:
            while not said or not (said[-1].startswith("997 ") or not said[-1]):
                said.append(process.stdout.readline())
            yield process, said
        finally:
            process.kill()


def _origin(said: list[str]) -> str:
    return said[0].split()[3].rstrip(",")


def test_the_first_lines_are_to_be_copied() -> None:
    with _serving() as (_, said):
        text, origin = "".join(said), _origin(said)
        for place in (f"{origin}/\n", f"{origin}/http/sendmsg", f"{origin}/api/v1/openapi.json"):
            assert place in text
        (export,) = [line for line in said if line.startswith("export ")]
        environment = {**os.environ, **dict(pair.split("=", 1) for pair in shlex.split(export)[1:])}
        program = "from clicksoap import Client\nwith Client.from_config() as sms: print(sms.balance())"
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        )
        assert done.stdout == "1000.00\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_code_0_and_no_word(number: signal.Signals) -> None:
    with _serving() as (process, said):
        place = urlsplit(_origin(said))
        with socket.create_connection((place.hostname, place.port or 0), timeout=10) as waiting:
            waiting.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert waiting.recv(4096)
            process.send_signal(number)
            assert process.wait(5) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_a_signal_ends_it_soon_even_while_somebody_looks_on() -> None:
    with _serving() as (process, said):
        url = f"{_origin(said)}/events?of=messages"
        with requests.get(url, headers={"Accept": "text/event-stream"}, stream=True, timeout=10) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            process.send_signal(signal.SIGTERM)
            assert process.wait(2) == 0


def test_accounts_settings_login_and_speed_are_heeded_and_no_password_is_said() -> None:
    with _serving(
        *("--account", "7:acme:sesame", "--account", "8:it's:a:b:2.50", "--login", "ann:quiet", "--speed", "0"),
        *("--set", "credit_word=Credits", "--set", "session_calls=none", "--set", "received_after=60"),
        *("--set", "callback=http://127.0.0.1:9/", "--set", "gzip=no"),
    ) as (_, said):
        origin, text = _origin(said), "".join(said)
        assert not [word for word in ("sesame", "quiet", "a:b") if word in text]
        assert "CLICKSOAP_USER=acme" in text
        assert "with the login" in text
        balance = f"{origin}/http/getbalance"
        for query, reply in (
            ({"api_id": "7", "user": "acme", "password": "sesame"}, "Credits: 1000.00"),
            ({"api_id": "8", "user": "it's", "password": "a:b"}, "Credits: 2.50"),
            ({"api_id": "9", "user": "acme", "password": "sesame"}, "ERR: 001, Authentication failed"),
        ):
            assert requests.get(balance, query, timeout=10).text == reply
        assert requests.get(f"{origin}/api/v1/clock", timeout=10).status_code == 401
        ann = ("ann", "quiet")
        assert requests.get(f"{origin}/api/v1/clock", auth=ann, timeout=10).json()["speed"] == 0
        settings = requests.get(f"{origin}/api/v1/settings", auth=ann, timeout=10).json()
        assert (settings["received_after"], settings["gzip"]) == (60, False)
        assert settings["callback"]["url"] == "http://127.0.0.1:9/"


def test_accounts_may_be_on_trial() -> None:
    with _serving("--trial", "--account", "7:acme:sesame") as (_, said):
        query = {"api_id": "7", "user": "acme", "password": "sesame"}
        assert requests.get(f"{_origin(said)}/http/getbalance", query, timeout=10).text == "Credit: 10.00"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--set", "nonsense=1"], "concat_default"),
        (["--set", "gzip"], "name=value"),
        (["--set", "unknown_id=perhaps"], "--set unknown_id: give one of 'status', 'error'"),
        (["--set", "concat_default=99"], "concat_default is out of range: give a number of parts, 1 to 35"),
        (["--set", "concat_default=many"], "--set concat_default: give a whole number"),
        (["--set", "callback=gopher://a"], "--set callback: url is not an address to call"),
        (["--set", "callback={"], "--set callback"),
        (["--account", "7:acme"], "API_ID:USER:PASSWORD"),
        (["--account", "seven:acme:sesame"], "API_ID:USER:PASSWORD"),
        (["--account", "7:acme:sesame:much"], "a balance must follow"),
        (["--account", "7:acme:sesame", "--account", "7:acme:other"], "two accounts"),
        (["--trial"], "give --account"),
        (["--login", "quiet"], "give USER:PASSWORD"),
        (["--host", "0.0.0.0"], "give --login-file or --login"),  # noqa: S104 - refused
        (["--host", "sms.example"], "--host: not an address"),
        (["--host", "192.0.2.1", "--login", "ann:quiet"], "192.0.2.1 is not an address of this machine"),
        (["--speed", "-1"], "--speed"),
        (["--capacity", "0"], "--capacity"),
        (["--store", "/"], "--store"),
    ],
)
def test_an_invalid_value_is_named_and_no_secret_said(arguments: list[str], told: str, refused: Refused) -> None:
    code, error = refused("simulator", "--port", "0", *arguments)
    assert code in {1, 2}
    assert told in error
    assert not [word for word in ("sesame", "quiet", "Traceback") if word in error]


def test_every_setting_is_listed_with_its_values() -> None:
    done = _clicksoap("simulator", "--settings")
    assert done.returncode == 0
    assert "unknown_id=status  (one of 'status', 'error')" in done.stdout
    assert "callback=none" in done.stdout
    assert "--settings" in _clicksoap("simulator", "--help").stdout


def _commands(command: click.Command, path: tuple[str, ...] = ("clicksoap",)) -> Iterator[tuple[str, click.Command]]:
    """A command and all below it, each with the words that are typed for it."""
    yield " ".join(path), command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from _commands(below, (*path, name))


COMMANDS = dict(_commands(cli))


def test_the_walk_finds_every_module_of_a_command() -> None:
    modules = {path.stem for path in (ROOT / "clicksoap/cli/commands").glob("*.py")} - {"__init__"}
    assert {f"clicksoap {name}" for name in modules} == {path for path in COMMANDS if path.count(" ") == 1}


@pytest.mark.parametrize("path", COMMANDS)
def test_a_command_has_help_whose_first_line_is_a_sentence(path: str) -> None:
    first, *_ = (COMMANDS[path].help or "").splitlines() or [""]
    assert re.fullmatch(r"[A-Z].*\.", first), first


@pytest.mark.parametrize("path", COMMANDS)
def test_every_option_of_a_command_has_help(path: str) -> None:
    command = COMMANDS[path]
    options = [each for each in command.get_params(click.Context(command)) if isinstance(each, click.Option)]
    assert options
    for each in options:
        assert re.fullmatch(r"[A-Z].*\.", each.help or ""), each.name


@pytest.mark.parametrize("path", [path for path in COMMANDS if " " in path])
def test_a_command_stands_in_a_document(path: str) -> None:
    assert any(re.search(rf"\b{path}\b", each.read_text(encoding="utf-8")) for each in DOCUMENTS)
