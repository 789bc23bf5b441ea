"""The generated reference pages are what the program gives, and every name on them exists."""

import dataclasses
import importlib.util
import inspect
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pytest

import clicksoap
from clicksoap import Batch, Client
from clicksoap.contract import COMMANDS, Dialect
from clicksoap.options import BatchOptions, SendOptions
from clicksoap.simulator import Simulator

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs/reference"
OPTIONS = {*BatchOptions.__annotations__, *SendOptions.__annotations__}


def _module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("catalogues_of_the_docs", ROOT / "docs/catalogues.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = sys.path[:]
    sys.modules[spec.name] = module  # named tuples look their module up
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path[:] = before
    return module


catalogues = _module()


@pytest.mark.parametrize("name", catalogues.PAGES)
def test_a_generated_page_is_what_the_program_gives(name: str) -> None:
    assert (REFERENCE / name).read_text("utf-8") == catalogues.PAGES[name](), "run: python docs/catalogues.py"


def test_every_command_has_a_method_that_exists() -> None:
    assert catalogues.METHODS.keys() == COMMANDS
    for method in catalogues.METHODS.values():
        name = method.partition("(")[0]
        kind, attribute = (Batch, name.removeprefix("Batch.")) if name.startswith("Batch.") else (Client, name)
        assert hasattr(kind, attribute) or "`" in method, method


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_parameter_of_both_wsdls_has_an_argument_that_exists(command: str) -> None:
    for dialect in Dialect:
        operations = {name.lower(): found for name, found in catalogues.parts(dialect).items()}
        for part in operations[command]:
            name = part.name.lower()
            argument = catalogues.ARGUMENTS.get((command, name)) or catalogues.ARGUMENTS[name]
            _check(argument, command)


def _check(argument: str, command: str) -> None:
    for kind, attribute in re.findall(r"`(\w+)\((\w+)=\)`", argument):
        found = getattr(clicksoap, kind)
        known = (
            {field.name for field in dataclasses.fields(found)}
            if dataclasses.is_dataclass(found)
            else inspect.signature(found).parameters
        )
        assert attribute in known, argument
    for option in re.findall(r"`(\w+)=`", argument):
        methods = (Client.status, Client.stop) if command in {"querymsg", "delmsg"} else ()
        assert option in OPTIONS.union(*(inspect.signature(each).parameters for each in methods)), argument


# An option of a message, with a value that the gateway takes.
VALUES: dict[str, object] = {
    "sender": "27820000000",
    "client_message_id": "abc",
    "callback": 7,
    "deliver_after": timedelta(minutes=5),
    "deliver_at": datetime.now(UTC) + timedelta(hours=1),
    "validity": timedelta(minutes=5),
    "max_credits": 3,
    "features": clicksoap.Feature.DELIVERY_ACK,
    "queue": 2,
    "escalate": True,
    "two_way": True,
    "delivery_receipt": True,
}


@pytest.mark.parametrize("option", VALUES)
def test_an_option_is_sent_as_the_parameter_beside_it(option: str) -> None:
    (parameter,) = (
        key for key, text in catalogues.ARGUMENTS.items() if isinstance(key, str) and f"`{option}=`" in text
    )
    bodies = []
    for options in ({}, {option: VALUES[option]}):
        with Simulator() as gateway, Client(1, "acme", "secret", endpoint=gateway.origin) as sms:
            sms.send("27821234567", "hello", **cast("Any", options))
            bodies.append(next(each for each in gateway.exchanges.latest() if each.command == "sendmsg").request)
    if option != "client_message_id":  # without one, the client makes one up
        assert f"<{parameter}>" not in bodies[0]
    assert f"<{parameter}>" in bodies[1]
