"""Whole walks through the program in processes of their own: at a terminal, in pipes, with nothing around."""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pytest
from rawserver import RawServer, Received, command, envelope, reply

from clicksoap.simulator import Simulator

from .conftest import CLICKSOAP, PASSWORD, Program

GOOD, BAD = "+27821234567", "9991051234567"
Terminal = Callable[..., "pexpect.spawn[str]"]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """Runs the program at a terminal of 40 columns with ``env -i LC_ALL=C``."""
    running: list[pexpect.spawn[str]] = []

    def called(*arguments: str, **variables: str) -> "pexpect.spawn[str]":
        environment = {"LC_ALL": "C", "COLUMNS": "40", "TERM": "xterm", "HOME": str(tmp_path), **variables}
        process = pexpect.spawn(
            str(CLICKSOAP), list(arguments), env=environment, cwd=str(tmp_path), encoding="utf-8", timeout=30
        )
        running.append(process)
        return process

    yield called
    for each in running:
        each.close(force=True)


def end(process: "pexpect.spawn[str]") -> tuple[str, int | None]:
    """The rest of the output, and the exit code."""
    process.expect(pexpect.EOF)
    process.wait()
    return process.before or "", process.exitstatus


def test_the_first_run_leads_from_nothing_to_a_sent_message(
    terminal: Terminal, gateway: Simulator, tmp_path: Path
) -> None:
    said, code = end(terminal("send", GOOD, "hello"))
    assert code == 2
    assert "no api_id: set CLICKSOAP_API_ID" in said
    assert "clicksoap config init" in said

    asking = terminal("config", "init")
    for question, answer in (("API id", "123456"), ("User", "acme"), ("Endpoint", gateway.origin)):
        asking.expect(question)
        asking.sendline(answer)
    asking.expect("Password")
    asking.sendline("wrong")
    said, code = end(asking)
    assert code == 6
    assert "Nothing was written." in said
    assert "wrong" not in said.partition("Trying")[0]
    assert not (tmp_path / ".config").exists()

    asking = terminal("config", "init")
    for question, answer in (("API id", "123456"), ("User", "acme"), ("Endpoint", gateway.origin)):
        asking.expect(question)
        asking.sendline(answer)
    asking.expect("Password")
    asking.sendline(PASSWORD)
    said, code = end(asking)
    assert (code, PASSWORD in said) == (0, False)
    file = tmp_path / ".config/clicksoap/config.toml"
    assert file.stat().st_mode & 0o777 == 0o600
    assert PASSWORD in file.read_text()

    said, code = end(terminal("send", GOOD, BAD, "hello"))
    assert code == 3
    assert "\x1b[32maccepted" in said  # green
    assert "105 Invalid destination address" in said
    assert [each.text for each in gateway.gateway.messages] == ["hello"]


def test_a_missing_password_is_asked_for_at_a_terminal(
    terminal: Terminal, account: dict[str, str], gateway: Simulator
) -> None:
    del account["CLICKSOAP_PASSWORD"]
    asking = terminal("send", GOOD, "hello", **account, NO_COLOR="1")
    asking.expect("Password: ")
    asking.sendline(PASSWORD)
    said, code = end(asking)
    assert (code, PASSWORD in said, "\x1b" in said) == (0, False, False)
    assert len(gateway.gateway.messages) == 1


def test_nobody_is_asked_without_a_terminal(program: Program, account: dict[str, str]) -> None:
    del account["CLICKSOAP_PASSWORD"]
    done = program("balance", **account)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no password: set CLICKSOAP_PASSWORD" in done.stderr
    done = program("config", "init", **account)
    assert done.returncode == 2
    assert "give --api-id, --user and --password-from" in done.stderr


def test_data_and_notes_go_apart_in_pipes(program: Program, account: dict[str, str], gateway: Simulator) -> None:
    done = program("send", GOOD, BAD, "-", given="good däy\n", **account)
    assert done.returncode == 3
    assert [line.split("\t")[:2] for line in done.stdout.splitlines()] == [
        ["27821234567", "accepted"],
        [BAD, "rejected"],
    ]
    assert done.stderr == "1 accepted, 1 rejected.\nMore about 105: clicksoap explain 105\n"
    assert "\x1b" not in done.stdout
    assert [each.text for each in gateway.gateway.messages] == ["good däy"]


def test_a_closed_input_is_told_where_it_is_needed(program: Program, account: dict[str, str]) -> None:
    assert program("balance", **account).stdout == "1000.00\n"
    for arguments in (["send", GOOD, "-"], ["redeem"]):
        done = program(*arguments, **account)
        assert (done.returncode, done.stdout) == (2, ""), done.stderr


def test_a_wrong_password_is_told_with_the_way_on(program: Program, account: dict[str, str]) -> None:
    done = program("send", GOOD, "hello", **{**account, "CLICKSOAP_PASSWORD": "wrong"})
    assert (done.returncode, done.stdout) == (6, "27821234567\tnot_sent\t001 Authentication failed\n")


def test_ctrl_c_at_a_question_ends_with_the_usual_code(terminal: Terminal) -> None:
    asking = terminal("config", "init")
    asking.expect("API id")
    asking.sendintr()
    said, code = end(asking)
    assert (code, "Error: interrupted" in said) == (130, True)


def test_the_outcome_is_told_also_if_nobody_reads_the_output(account: dict[str, str], gateway: Simulator) -> None:
    command = ["sh", "-c", '"$@" | true', "sh", str(CLICKSOAP), "send", "--json", GOOD, BAD, "hello"]
    done = subprocess.run(
        command, env={**os.environ, **account}, capture_output=True, text=True, timeout=60, check=False
    )
    assert '"exit_code": 3' in done.stderr
    assert "the standard output cannot be written (Broken pipe)" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert len(gateway.gateway.messages) == 1


@contextmanager
def slow_gateway(held: str) -> Iterator[tuple[RawServer, Callable[[], None]]]:
    """A gateway that never answers one command, and a function that waits until that command came."""
    from threading import Event  # noqa: PLC0415 - only here

    came = Event()

    def answer(connection: object, received: Received) -> None:
        name = command(received)
        if name == held:
            came.set()
            server.closing.wait(30)
        else:
            connection.sendall(reply(envelope("OK: " + "a" * 32)))  # type: ignore[attr-defined]

    server = RawServer(answer)

    def wait() -> None:
        assert came.wait(30)

    with server:
        yield server, wait


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(("held", "code", "state"), [("sendmsg", 5, "unknown"), ("auth", None, "not_sent")])
def test_a_signal_ends_a_send_with_what_is_known_of_each_recipient(
    account: dict[str, str], number: signal.Signals, held: str, code: int | None, state: str
) -> None:
    with slow_gateway(held) as (server, wait):
        environment = {**os.environ, **account, "CLICKSOAP_ENDPOINT": server.origin}
        with subprocess.Popen(
            [CLICKSOAP, "send", "--json", GOOD, "27831234567", "hello"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            wait()
            process.send_signal(number)
            said, notes = process.communicate(timeout=30)
    data = json.loads(said)
    assert process.returncode == (code or 128 + number)
    assert [each["state"] for each in data["report"]["results"]] == [state] * 2
    assert "interrupted; each line says what is known of its recipient" in notes
    assert "Traceback" not in notes
    if state == "unknown":
        own_id = data["report"]["results"][0]["client_message_id"]
        assert f"clicksoap status --client-id {own_id}" in notes
    else:
        assert "send to these alone" in notes


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_question_with_the_usual_code(account: dict[str, str], number: signal.Signals) -> None:
    with slow_gateway("getbalance") as (server, wait):
        environment = {**os.environ, **account, "CLICKSOAP_ENDPOINT": server.origin}
        with subprocess.Popen(
            [CLICKSOAP, "balance"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            wait()
            process.send_signal(number)
            said, notes = process.communicate(timeout=30)
    assert (process.returncode, said, notes) == (128 + number, "", "Error: interrupted\n")


def test_every_verb_answers_in_a_bare_environment(program: Program, account: dict[str, str]) -> None:
    for arguments in (["doctor", "--quiet"], ["envelope", GOOD, "ü"]):
        done = program(*arguments, **account)
        assert (done.returncode, bool(done.stdout)) == (0, True), done.stderr
