"""Every command and option has help, an example, a place in the reference page, and JSON."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from clicksoap.cli.app import COMMANDS, EXIT_CODES, cli
from clicksoap.cli.json_shapes import SHAPES
from clicksoap.cli.reference import commands, page

from .conftest import CLICKSOAP, Program, Run

PAGE = Path(__file__).parents[2] / "docs/reference/cli.md"
ALL = dict(commands(cli))
VERBS = sorted(name for name, command in ALL.items() if not isinstance(command, click.Group))
# The demo has a document of its own from before; the others run until they are stopped.
ENDLESS = {"callbacks serve", "simulator"}
WITHOUT_SHAPE = {"demo", *ENDLESS}


def test_the_page_is_what_the_program_generates() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python -m clicksoap.cli.reference > docs/reference/cli.md"


@pytest.mark.parametrize("name", ALL)
def test_a_command_has_examples_that_the_program_understands(name: str) -> None:
    lines = [line.strip() for line in (ALL[name].epilog or "").splitlines() if line.startswith("  ")]
    assert lines, f"clicksoap {name} has no example"
    for line in lines:
        assert line.startswith(f"clicksoap {name}"), line
        for option in re.findall(r" (--[a-z0-9-]+)", line):
            command = next(each for key, each in reversed(ALL.items()) if line.startswith(f"clicksoap {key}"))
            assert option in {spelling for each in command.params for spelling in each.opts}, line


@pytest.mark.parametrize("name", ALL)
def test_a_command_and_its_options_stand_in_the_page(name: str) -> None:
    section = PAGE.read_text("utf-8").split(f"\n## clicksoap {name}\n")[1].split("\n## ")[0]
    for each in ALL[name].params:
        if isinstance(each, click.Option):
            assert each.help
            assert f"`{each.opts[0]}" in section
            assert each.help.replace("|", "\\|") in section


@pytest.mark.parametrize("name", ALL)
def test_the_help_of_a_command_holds_no_markup(name: str) -> None:
    assert "``" not in (ALL[name].help or "")


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_writes_json_whose_fields_are_documented(name: str) -> None:
    options = {spelling for each in ALL[name].params for spelling in each.opts}
    assert "--json" in options or name in ENDLESS
    assert name in SHAPES or name in WITHOUT_SHAPE


@pytest.mark.parametrize("name", VERBS)
def test_no_verb_takes_a_password(name: str) -> None:
    for each in ALL[name].params:
        assert not {"--password", "--token", "--voucher"} & set(each.opts)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_their_help_says(name: str) -> None:
    assert (ALL[name].help or "").splitlines()[0] == COMMANDS[name]


def test_the_help_and_the_page_say_every_exit_code(run: Run) -> None:
    help_text = " ".join(run("--help").stdout.split())
    for code, text in EXIT_CODES.items():
        assert f"{code} {text}" in help_text
        assert f"| {code} | {text} |" in PAGE.read_text("utf-8")


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], []])
def test_help_and_version_import_nothing_but_click(arguments: list[str]) -> None:
    program = (
        "import sys, json\n"
        "from clicksoap.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(json.dumps([each for each in sys.modules]), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    loaded = json.loads(done.stderr.splitlines()[-1])
    assert {each for each in loaded if each.startswith("clicksoap")} == {
        "clicksoap",
        "clicksoap.cli",
        "clicksoap.cli.app",
        "clicksoap.version",
    }
    assert not {"zeep", "lxml", "requests", "rich", "asyncio"} & set(loaded)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands_and_options(program: Program, shell: str) -> None:
    words = {"bash": ("clicksoap se", "1"), "zsh": ("clicksoap se", "1"), "fish": ("clicksoap", "se")}[shell]
    variables = {"COMP_WORDS": words[0], "COMP_CWORD": words[1], "_CLICKSOAP_COMPLETE": f"{shell}_complete"}
    done = program(**variables)
    assert {"send", "segments"} <= set(re.findall(r"\b(send|segments|status)\b", done.stdout))


def test_a_broken_pipe_ends_the_program_without_a_trace(tmp_path: Path) -> None:
    command = f"{CLICKSOAP} explain 105 | true"
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    done = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
