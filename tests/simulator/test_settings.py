"""Settings: each value of each choice changes the answers of the gateway."""

import gzip
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from clicksoap.codes import ERRORS
from clicksoap.simulator import Clock, Settings, Simulator
from clicksoap.simulator.gateway.settings import CHOICES, DEFAULTS

from .conftest import Wire

TO = "27820000001"
OTHER = "27820000002"
WHO = {"api_id": "7", "user": "acme", "password": "secret"}
NO_ID = "0" * 32


def _batch(wire: Wire) -> str:
    return wire.call("startbatch", template="hi", **WHO)[0].removeprefix("ID: ")


def _quicksend(wire: Wire) -> list[str]:
    (line,) = wire.call("quicksend", TO, batch_id=_batch(wire), **WHO)
    return [line.replace(wire.sim.messages[-1].id, NO_ID)]


def _both(wire: Wire) -> list[str]:
    """What a session of one account and the credentials of another give: whose balance it is."""
    session = wire.log_in()
    wire.call("sendmsg", TO, text="hi", session_id=session)
    return wire.call("getbalance", session_id=session, **{**WHO, "user": "rival"})


# What is asked, and what each value makes of it.
SAID: dict[str, tuple[Callable[[Wire], list[str]], dict[object, list[str]]]] = {
    "over_limit": (
        lambda wire: [line[:8] for line in wire.call("sendmsg", *[TO] * 301, text="hi", **WHO)][:2],
        {"error": ["ERR: 101"], "accept": ["ID: ", "ID: "]},
    ),
    "unknown_id": (
        lambda wire: wire.call("querymsg", apimsgid=NO_ID, **WHO),
        {"status": [f"ID: {NO_ID} Status: 001"], "error": [f"ERR: 103, {ERRORS['103']}"]},
    ),
    "unknown_client_id": (
        lambda wire: wire.call("querymsg", climsgid="mine", **WHO),
        {"status": [f"ID: {NO_ID} Status: 001"], "error": [f"ERR: 104, {ERRORS['104']}"]},
    ),
    "wrong_password": (
        lambda wire: wire.call("auth", **{**WHO, "password": "wrong"}),
        {"001": [f"ERR: 001, {ERRORS['001']}"], "002": [f"ERR: 002, {ERRORS['002']}"]},
    ),
    "prefers": (_both, {"session": ["Credit: 999.00"], "credentials": ["Credit: 1000.00"]}),
    "refusal": (
        lambda wire: wire.call("sendmsg", TO, OTHER, **WHO),
        {"one": [f"ERR: 107, {ERRORS['107']}"], "each": [f"ERR: 107, {ERRORS['107']}"] * 2},
    ),
    "names_single": (_quicksend, {True: [f"ID: {NO_ID} To: {TO}"], False: [f"ID: {NO_ID}"]}),
    "credit_word": (
        lambda wire: wire.call("getbalance", **WHO),
        {"Credit": ["Credit: 1000.00"], "Credits": ["Credits: 1000.00"]},
    ),
    "ping_reply": (
        lambda wire: wire.call("ping", session_id=wire.log_in()),
        {"OK:": ["OK:"], "OK: ": ["OK: "]},
    ),
    "endbatch_reply": (
        lambda wire: wire.call("endbatch", batch_id=_batch(wire), **WHO),
        {"OK": ["OK"], "OK:": ["OK:"]},
    ),
    "concat_default": (
        lambda wire: [line[:8] for line in wire.call("sendmsg", TO, text="x" * 161, **WHO)],
        {1: ["ERR: 113"], 2: ["ID: "]},
    ),
    "longest_validity": (
        lambda wire: [line[:8] for line in wire.call("sendmsg", TO, text="hi", validity="61", **WHO)],
        {60: ["ERR: 101"], 61: ["ID: "]},
    ),
    "session_calls": (
        lambda wire: [wire.call("ping", session_id=session)[0][:8] for session in [wire.log_in()] for _ in range(2)],
        {None: ["OK:", "OK:"], 1: ["OK:", "ERR: 003"], 0: ["ERR: 003", "ERR: 003"]},
    ),
    "reporting_delay": (
        lambda wire: [
            wire.call("querymsg", apimsgid=wire.call("sendmsg", TO, text="hi", **WHO)[0][4:], **WHO)[0][-3:]
        ],
        {timedelta(): ["008"], timedelta(minutes=1): ["001"]},
    ),
}  # fmt: skip
ELSEWHERE = {  # tested where they belong
    "gzip": "below",
    "handed_on_after": "test_stages.py",
    "received_after": "test_stages.py",
    "report_stops": "with the callbacks",
    "strict": "test_warnings.py",
    "callback": "with the callbacks",
    "inbound": "with the callbacks",
}
CASES = [(name, value) for name, (_, said) in SAID.items() for value in said]


def _shortened(lines: list[str]) -> list[str]:
    return [line[:4] if line.startswith("ID: ") and len(line) == 8 else line for line in lines]


def test_every_setting_is_tested_with_every_value() -> None:
    assert {*SAID, *ELSEWHERE} == set(Settings.__dataclass_fields__)
    for name, choices in CHOICES.items():
        assert set(SAID[name][1]) == set(choices)


@pytest.mark.parametrize(("name", "value"), CASES)
def test_a_setting_changes_what_is_said(name: str, value: Any) -> None:
    choice: dict[str, Any] = {name: value}
    with Simulator(settings=Settings(**choice), clock=Clock(speed=0)) as sim:
        ask, said = SAID[name]
        assert _shortened(ask(Wire(sim))) == said[value]


@pytest.mark.parametrize(("name", "value"), CASES)
def test_a_setting_can_be_changed_while_it_runs_and_a_reset_takes_it_back(name: str, value: Any) -> None:
    with Simulator(clock=Clock(speed=0)) as sim:
        choice: dict[str, Any] = {name: value}
        ask, said = SAID[name]
        assert getattr(sim.gateway.update_settings(**choice), name) == value
        assert _shortened(ask(Wire(sim))) == said[value]
        sim.reset()
        assert sim.gateway.settings == DEFAULTS


@pytest.mark.parametrize("is_on", [True, False])
def test_gzip_is_offered_by_the_document_service_alone_and_only_if_it_is_on(*, is_on: bool) -> None:
    with Simulator(settings=Settings(gzip=is_on)) as sim:
        wire = Wire(sim)
        body = wire.envelope("<ping/>")
        document, rpc = (wire.post(path, body, Accept_Encoding="gzip") for path in (wire.document, wire.rpc))
        assert ("content-encoding" in document.headers) is is_on
        assert ("vary" in document.headers) is is_on
        assert "content-encoding" not in rpc.headers
        assert b"ERR: 005" in (gzip.decompress(document.body) if is_on else document.body)


@pytest.mark.parametrize(
    "choice",
    [
        {"concat_default": 0},
        {"concat_default": 36},
        {"longest_validity": 10081},
        {"session_calls": -1},
        {"reporting_delay": timedelta(-1)},
        {"handed_on_after": timedelta(hours=1)},
        *({name: "neither"} for name in CHOICES),
    ],
)
def test_what_is_out_of_range_is_refused_and_changes_nothing(sim: Simulator, choice: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(choice))):
        sim.gateway.update_settings(**choice)
    with pytest.raises(ValueError, match=next(iter(choice))):
        Settings(**choice)
    assert sim.gateway.settings == DEFAULTS


def test_a_setting_that_does_not_exist_is_refused(sim: Simulator) -> None:
    with pytest.raises(TypeError, match="colour"):
        sim.gateway.update_settings(colour="blue")
