"""The reason of every refusal, beside the words of a person: no rule of the simulator is imported here."""

import ast
import http.client
import re
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.sax.saxutils import escape

import pytest

from clicksoap.simulator import Account, Clock, Exchange, Settings, Simulator

FOLDER = Path(__file__).parent / "refusals"
SAMPLES: dict[str, dict[str, Any]] = {
    f"{file.stem}-{number}": case
    for file in sorted(FOLDER.glob("*.toml"))
    for number, case in enumerate(tomllib.loads(file.read_text("utf-8"))["case"], 1)
}
CASES = [pytest.param(case, id=name) for name, case in SAMPLES.items()]
WHO = {"api_id": "7", "user": "acme", "password": "tr0ub4dor"}
DOCUMENT = "/soap/document_literal/webservice"
SENDING = {"sendmsg", "si_push", "ind_push", "quicksend", "senditem"}
HIDDEN = ("tr0ub4dor", "0123456789abcdef")
SIMULATOR = Path(__file__).parents[2] / "clicksoap/simulator"
WRITERS = {"Refused", "refusal", "Refusal", "_unreadable"}
"""The functions and classes whose last two arguments are the rule and its mend."""

UNSAMPLED = {"the fault ", " answers in place of the gateway", "remove the fault", "the simulator failed: "}
"""Reasons of faults that somebody added, and of the simulator's own: no request alone leads to them."""


def _simulator(case: dict[str, Any]) -> Simulator:
    accounts = None
    if "account" in case:
        given = dict(case["account"])
        if "balance" in given:
            given["balance"] = Decimal(given["balance"])
        accounts = [Account(7, WHO["user"], WHO["password"], **{name: _fixed(each) for name, each in given.items()})]
    return Simulator(accounts=accounts, settings=Settings(**case.get("settings", {})), clock=Clock(speed=0))


def _fixed(value: object) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _request(sim: Simulator, method: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
    connection = http.client.HTTPConnection(urlsplit(sim.origin).netloc, timeout=30)
    try:
        connection.request(method, path, body, headers)
        return connection.getresponse().read()
    finally:
        connection.close()


def _envelope(content: str) -> str:
    return f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>{content}</e:Body></e:Envelope>'


def _long(text: str) -> str:
    """A text with as many letters as a number between two @ says."""
    return re.sub(r"@(\d+)@", lambda found: "x" * int(found[1]), text)


def _send(sim: Simulator, case: dict[str, Any]) -> bytes:
    if "raw" in case:
        written = re.sub(r"^@BODY@(.*)", lambda found: _envelope(found[1]), _long(case["raw"]), flags=re.DOTALL)
        body = re.sub(rb"\\x([0-9a-f]{2})", lambda found: bytes.fromhex(found[1].decode()), written.encode())
        headers = {"Content-Type": "text/xml", **case.get("headers", {})}
        return _request(sim, case.get("method", "POST"), case.get("path", DOCUMENT), body, headers)
    command = case.get("call", "sendmsg")
    to = case.get("to", ["27821234567"] if command in SENDING else [])
    if "count" in case:
        to = [f"2782{number:07}" for number in range(case["count"])]
    values = {**WHO, **({"text": "hi"} if command == "sendmsg" and "data" not in case.get("values", {}) else {})}
    if case.get("session"):
        opened = _call(sim, "auth", WHO, []).partition(b"OK: ")[2][:32].decode()
        values = {"session_id": opened, "text": "hi"}
        sim.clock.advance(seconds=case.get("advance", 0))
    if "template" in case:
        started = _call(sim, "startbatch", WHO | {"template": case["template"]}, [])
        values["batch_id"] = started.partition(b"ID: ")[2][:32].decode()
        sim.clock.advance(seconds=case.get("advance", 0))
    values = {name: _long(each) for name, each in {**values, **case.get("values", {})}.items() if each}
    if case.get("service") == "http":
        return _request(sim, "GET", f"/http/{command}?{urlencode({**values, 'to': ','.join(to)})}", b"", {})
    return _call(sim, command, values, to)


def _call(sim: Simulator, command: str, values: dict[str, str], to: list[str]) -> bytes:
    parts = [*values.items(), *(("to", number) for number in to)]
    content = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in parts)
    body = _envelope(f"<{command}>{content}</{command}>").encode()
    return _request(sim, "POST", DOCUMENT, body, {"Content-Type": "text/xml"})


def _refused(case: dict[str, Any]) -> tuple[Exchange, bytes]:
    with _simulator(case) as sim:
        if "opted_out" in case:
            sim.gateway.opt_out(7, WHO["user"], case["opted_out"])
        if case.get("twice"):
            _send(sim, case)
        answer = _send(sim, case)
        return sim.exchanges.latest()[0], answer


@pytest.mark.parametrize("case", CASES)
def test_a_refusal_says_why_on_its_exchange_and_not_on_the_wire(case: dict[str, Any]) -> None:
    exchange, answer = _refused(case)
    reason = re.sub("[0-9a-f]{32}", "…", exchange.reason)  # the id of a batch is random
    assert (exchange.code, exchange.parameter, reason) == (case["code"], case["parameter"], case["reason"])
    assert exchange.outcome in {"refused", "partly", "unreadable"}
    assert case["reason"].encode() not in answer
    assert not any(hidden in each.text for each in exchange.refusals for hidden in HIDDEN)
    if case["code"].isdigit() and "raw" not in case:
        assert f"ERR: {case['code']}, ".encode() in answer


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 60


def test_every_rule_and_mend_that_a_module_writes_out_has_a_sample() -> None:
    """Those that a function returns to its caller are not seen here."""
    sampled = "\n".join(case["reason"] for case in SAMPLES.values())
    modules = [ast.parse(path.read_text("utf-8")) for path in SIMULATOR.rglob("*.py")]
    written = {text for module in modules for text in _reasons(module)}
    assert len(written) > 80
    assert {text for text in written if text not in sampled} == UNSAMPLED


def _reasons(module: ast.Module) -> Iterator[str]:
    """The texts of the rules and mends that a module writes; of a composed text its fixed pieces."""
    calls = [
        each
        for each in ast.walk(module)
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id in WRITERS
    ]
    assigned = [
        each.value
        for each in ast.walk(module)
        if isinstance(each, ast.Assign) and {"rule", "mend"} & {ast.unparse(target) for target in each.targets}
    ]
    for part in [*(argument for call in calls for argument in call.args[-2:]), *(assigned if calls else ())]:
        for each in ast.walk(part):
            if isinstance(each, ast.Constant) and isinstance(each.value, str) and len(each.value.strip(" ,:;")) > 2:
                yield each.value
