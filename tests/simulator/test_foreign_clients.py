"""SOAP clients of other projects: each reads the WSDL from the simulator and calls every kind of command."""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest
import requests
import suds.client
import zeep
import zeep.exceptions
import zeep.transports
from lxml import etree

from clicksoap.contract import SERVICE_PATHS, SOAP_ENCODING, Dialect, soap_encoding_schema
from clicksoap.simulator import Simulator

from .conftest import Wire

TO = "27820000001"
OTHER = "27820000002"
REFUSED = "9991210000"
HERE = Path(__file__).parent

PATHS = [*SERVICE_PATHS]


class Caller(Protocol):
    """A client: an operation and what is given, to the strings that come back."""

    def __call__(self, operation: str, given: Mapping[str, object]) -> list[str]: ...


@pytest.fixture(params=PATHS)
def path(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def parts(sim: Simulator, path: str, operation: str) -> dict[str, str]:
    """The parts of an RPC operation and their types, in the order of the WSDL that is served."""
    found = etree.fromstring(Wire(sim).get(f"{path}?wsdl").body).findall(
        f"{{http://schemas.xmlsoap.org/wsdl/}}message[@name='{operation}Request']/*"
    )
    return {each.get("name", ""): each.get("type", "") for each in found}


def strings(reply: object) -> list[str]:
    """One string or several, as one list."""
    return [reply] if isinstance(reply, str) else [str(each) for each in reply]  # type: ignore[attr-defined]


class LocalTransport(zeep.transports.Transport):
    """Loads from the simulator alone; the SOAP encoding schema is handed out from the contract."""

    def __init__(self, origin: str) -> None:
        session = requests.Session()
        session.trust_env = False
        super().__init__(session=session)  # type: ignore[no-untyped-call]
        self._origin = origin

    def load(self, url: str) -> bytes:
        if url == SOAP_ENCODING:
            return soap_encoding_schema()
        assert url.startswith(self._origin)
        return bytes(super().load(url))  # type: ignore[no-untyped-call]


@contextmanager
def zeep_caller(sim: Simulator, path: str) -> Iterator[Caller]:
    transport = LocalTransport(sim.origin)
    client = zeep.Client(sim.url(f"{path}?wsdl"), transport=transport)  # type: ignore[no-untyped-call]

    def call(operation: str, given: Mapping[str, object]) -> list[str]:
        if SERVICE_PATHS[path] is Dialect.RPC_ENCODED:  # zeep insists on every part
            types = parts(sim, path, operation)
            given = {name: given.get(name, "" if kind == "xsd:string" else 0) for name, kind in types.items()}
        return strings(client.service[operation](**given))

    try:
        yield call
    finally:
        transport.session.close()


@contextmanager
def suds_caller(sim: Simulator, path: str) -> Iterator[Caller]:
    client = suds.client.Client(sim.url(f"{path}?wsdl"), cache=None)

    def call(operation: str, given: Mapping[str, object]) -> list[str]:
        words = {name: {"item": value} if rpc and isinstance(value, list) else value for name, value in given.items()}
        reply: Any = getattr(client.service, operation)(**words)
        return strings(getattr(reply, "item", reply))

    rpc = SERVICE_PATHS[path] is Dialect.RPC_ENCODED
    yield call


@contextmanager
def php_caller(sim: Simulator, path: str, php: Sequence[str]) -> Iterator[Caller]:
    dialect = SERVICE_PATHS[path]
    program = [*php, str(HERE / "foreign_php.php"), sim.url(f"{path}?wsdl"), str(dialect)]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def call(operation: str, given: Mapping[str, object]) -> list[str]:
            if dialect is Dialect.DOCUMENT_LITERAL:
                arguments: object = given
            else:  # PHP takes RPC parts by position; what is null goes out as xsi:nil
                arguments = [given.get(name) for name in parts(sim, path, operation)]
            process.stdin.write(json.dumps([operation, arguments]) + "\n")  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
            reply = json.loads(process.stdout.readline())  # type: ignore[union-attr]
            return [f"FAULT {reply['fault']}"] if "fault" in reply else [str(each) for each in reply]

        yield call


def go_through(call: Caller, sim: Simulator, path: str) -> None:
    """Every kind of command, once, with what must come of it."""
    rpc = SERVICE_PATHS[path] is Dialect.RPC_ENCODED
    client_id = "cliMsgId" if rpc else "climsgid"
    callback = "callback" if path == "/soap/webservice.php" else "msg_callback"

    (line,) = call("auth", {"api_id": 7, "user": "acme", "password": "secret"})
    session = {"session_id": line.removeprefix("OK: ")}
    assert len(session["session_id"]) == 32
    assert call("ping", session) == ["OK:"]
    assert call("getbalance", session) == ["Credit: 1000.00"]
    assert call("routeCoverage" if rpc else "routecoverage", {**session, "msisdn": TO})[0].startswith("OK: ")

    # to one number, and to two of which one is refused
    text = "  Grüße, <you> & me\n"
    (alone,) = call("sendmsg", {**session, "to": [TO], "text": text, client_id: "mine", callback: 3})
    first = sim.gateway.messages[0]
    assert alone == f"ID: {first.id}"
    assert (first.to, first.text, first.client_message_id) == (TO, text, "mine")
    assert first.parameters["msg_callback"] == "3"
    accepted, refused = call("sendmsg", {**session, "to": [OTHER, REFUSED], "text": "03A9", "unicode": 1})
    second = sim.gateway.messages[1]
    assert accepted == f"ID: {second.id} To: {OTHER}"
    assert refused == f"ERR: 121, Destination mobile number blocked To: {REFUSED}"
    assert second.text == "Ω"

    # what became of them
    sim.clock.advance(minutes=1)
    assert call("querymsg", {**session, "apimsgid": first.id}) == [f"ID: {first.id} Status: 004"]
    assert call("querymsg", {**session, "climsgid": "mine"}) == [f"ID: {first.id} Status: 004"]
    assert call("getmsgcharge", {**session, "apimsgid": first.id}) == [f"apiMsgId: {first.id} charge: 1 status: 004"]
    (later,) = call("sendmsg", {**session, "to": [TO], "text": "later", "deliv_time": 60})
    message_id = later.removeprefix("ID: ")
    assert call("delmsg", {**session, "apimsgid": message_id}) == [f"ID: {message_id} Status: 006"]

    # a batch
    (started,) = call("startbatch", {**session, "template": "Dear #field1#"})
    batch = {**session, "batch_id": started.removeprefix("ID: ")}
    assert call("senditem", {**batch, "to": [TO], "field1": "Ann"})[0].startswith("ID: ")
    assert [line[-11:] for line in call("quicksend", {**batch, "to": [TO, OTHER]})] == [TO, OTHER]
    assert call("endbatch", batch) == ["OK"]
    assert [each.text for each in sim.gateway.messages[3:]] == ["Dear Ann", "Dear #field1#", "Dear #field1#"]

    # pushes and a voucher
    push = {"si_id": "1", "si_url": "http://shop.test/", "si_text": "look"}
    assert call("si_push", {**session, "to": [TO], **push})[0].endswith(f" To: {TO}")
    mms = {"mms_subject": "s", "mms_class": "80", "mms_expire": "60", "mms_from": "me", "mms_url": "http://shop.test/"}
    assert call("ind_push", {**session, "to": [TO], **mms})[0].endswith(f" To: {TO}")
    assert call("token_pay", {**session, "token": "1234567890123456"}) == ["OK: 605"]
    assert all(sim.gateway.commands.values())

    # a session that has died
    sim.gateway.expire_sessions()
    assert call("getbalance", session) == ["ERR: 003, Session ID expired"]


def test_zeep_goes_through_every_command(sim: Simulator, path: str) -> None:
    with zeep_caller(sim, path) as call:
        go_through(call, sim, path)


def test_suds_goes_through_every_command(sim: Simulator, path: str) -> None:
    with suds_caller(sim, path) as call:
        go_through(call, sim, path)


def test_php_goes_through_every_command(sim: Simulator, path: str, php: list[str]) -> None:
    with php_caller(sim, path, php) as call:
        go_through(call, sim, path)


@pytest.fixture
def php(program: Callable[[str], str]) -> list[str]:
    found = program("php")
    modules = subprocess.run([found, "-m"], capture_output=True, text=True, check=True).stdout.split()
    return [found] if "soap" in modules else [found, "-d", "extension=soap"]


def test_a_fault_reaches_zeep_as_its_own_fault(sim: Simulator, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    transport = LocalTransport(sim.origin)
    client = zeep.Client(sim.url(f"{path}?wsdl"), transport=transport)  # type: ignore[no-untyped-call]

    def break_down(*_: object) -> list[str]:
        raise OSError("a private matter")

    monkeypatch.setattr(sim.gateway, "reply", break_down)
    with pytest.raises(zeep.exceptions.Fault, match="internal error") as caught:
        client.service.auth(api_id=1, user="a", password="b")
    assert caught.value.code == "SOAP-ENV:Server"
    transport.session.close()
