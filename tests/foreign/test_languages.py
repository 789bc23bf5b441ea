"""The scripts of docs/how-to/languages.md, run exactly as they stand there, each against a simulator."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest

from clicksoap.cli.commands.simulator import command as simulator_command
from clicksoap.simulator import Account, Clock, Simulator

PAGE: Final = (Path(__file__).parents[2] / "docs/how-to/languages.md").read_text(encoding="utf-8")
SCRIPTS: Final = {
    name: (language, script)
    for language, name, script in re.findall(r"^```(\w+) (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
}
TEXT: Final = "Zażółć € ça va"
FIRST, SECOND = "27821234567", "27831234567"

Run = Callable[[Simulator], list[str]]


@pytest.fixture(params=SCRIPTS)
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    """Runs a script of the page to its end; gives the lines that it said, wherever it said them."""
    language, script = SCRIPTS[request.param]
    words = [sys.executable] if language == "python" else request.getfixturevalue(language)
    file = tmp_path / request.param
    file.write_text(script, encoding="utf-8")

    def go(sim: Simulator) -> list[str]:
        done = subprocess.run(
            [*words, str(file), sim.origin],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            env={**os.environ, "no_proxy": "127.0.0.1", "LC_ALL": "C.UTF-8"},
            timeout=60,
            check=False,
        )
        return done.stdout.splitlines()

    return go


def test_a_script_sends_to_both_numbers_and_learns_what_became_of_them(run: Run) -> None:
    clock = Clock()

    def deliver(command: str) -> None:
        if command == "querymsg":
            clock.advance(minutes=1)

    with Simulator(clock=clock, on_command=deliver) as sim:
        said = run(sim)
        one, other = sim.messages
        assert said == [
            f"ID: {one.id} To: {FIRST}",
            f"ID: {one.id} Status: 004",
            f"ID: {other.id} To: {SECOND}",
            f"ID: {other.id} Status: 004",
        ]
        assert [(each.to, each.text, each.status) for each in sim.messages] == [
            (FIRST, TEXT, "004"),
            (SECOND, TEXT, "004"),
        ]
        assert {name: times for name, times in sim.gateway.commands.items() if times} == {
            "auth": 1,
            "sendmsg": 1,
            "querymsg": 2,
        }


def test_a_script_shows_a_refused_recipient_beside_an_accepted_one(run: Run) -> None:
    with Simulator(accounts=[Account(123456, "acme", "secret", balance=Decimal(1))]) as sim:
        said = run(sim)
        (message,) = sim.messages
    assert said[0] == f"ID: {message.id} To: {FIRST}"
    assert said[2:] == [f"ERR: 301, No credit left To: {SECOND}"]


def test_a_script_that_may_not_log_in_says_so_and_sends_nothing(run: Run) -> None:
    with Simulator(accounts=[Account(123456, "acme", "another")]) as sim:
        assert run(sim) == ["ERR: 001, Authentication failed"]
        assert sim.gateway.commands["sendmsg"] == 0


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_goes_by_itself_where_the_simulator_listens_by_default(name: str) -> None:
    (port,) = (each.default for each in simulator_command.params if each.name == "port")
    assert f"http://127.0.0.1:{port}" in SCRIPTS[name][1]


def test_the_page_shows_no_code_that_is_not_run() -> None:
    assert PAGE.count("\n```") == 2 * len(SCRIPTS)
    assert {language for language, _ in SCRIPTS.values()} == {"php", "python", "perl", "sh", "csharp", "javascript"}
