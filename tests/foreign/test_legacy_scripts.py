"""Scripts written for zeep or suds do the same with clicksoap once the line that makes their client is changed."""

import contextlib
import io
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import requests
import zeep
import zeep.transports
from rawserver import RawServer, answering, reply

import clicksoap
from clicksoap.contract import DEFAULT_PATHS, SOAP_ENCODING, Dialect, soap_encoding_schema, wsdl
from clicksoap.simulator import Simulator

LEGACY: Final = Path(__file__).parent / "legacy"
ZEEP: Final = 'zeep.Client(address + "?wsdl")'
ZEEP_BY_FILE: Final = "zeep.Client(wsdl)"
SUDS: Final = 'suds.client.Client(address + "?wsdl", cache=None)'
OURS: Final = 'clicksoap.Client(123456, "acme", "secret", endpoint=address + "?wsdl")'
OURS_BY_FILE: Final = 'clicksoap.Client(123456, "acme", "secret", wsdl=wsdl)'

DOC, RPC = Dialect


@pytest.fixture(autouse=True)
def zeep_at_home(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have zeep read the SOAP encoding schema from here, heed no proxy, and leave no connection behind."""
    begin, load = zeep.transports.Transport.__init__, zeep.transports.Transport.load

    def local_load(self: Any, url: str) -> bytes:
        return soap_encoding_schema() if url == SOAP_ENCODING else bytes(load(self, url))  # type: ignore[no-untyped-call]

    with contextlib.ExitStack() as stack:

        def tidy_begin(self: Any, *args: Any, **kwargs: Any) -> None:
            session = stack.enter_context(requests.Session())
            session.trust_env = False
            begin(self, *args, **{**kwargs, "session": session})  # type: ignore[no-untyped-call]

        monkeypatch.setattr(zeep.transports.Transport, "__init__", tidy_begin)
        monkeypatch.setattr(zeep.transports.Transport, "load", local_load)
        yield


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs a script for an address, after changing the one line that makes its client; gives what it printed."""

    def go(name: str, argument: str, theirs: str = "", ours: str = "") -> str:
        path = LEGACY / f"{name}.py"
        source = path.read_text()
        if theirs:
            assert source.count(f"client = {theirs}") == 1
            source = source.replace(theirs, ours)
        said = io.StringIO()
        monkeypatch.setattr(sys, "argv", [str(path), argument])
        with contextlib.redirect_stdout(said):
            scope = {"__name__": "__main__", "clicksoap": clicksoap}
            exec(compile(source, path, "exec"), scope)  # noqa: S102 - a script of this folder
        client = scope["client"]
        if isinstance(client, clicksoap.Client):
            client.close()
        return re.sub("[0-9a-f]{32}", "<id>", said.getvalue())

    return go


@pytest.mark.parametrize(
    ("script", "theirs", "dialect"),
    [
        ("keywords", ZEEP, DOC),
        ("positional_document", ZEEP, DOC),
        ("positional_rpc", ZEEP, RPC),
        ("suds_session", SUDS, DOC),
        ("suds_session", SUDS, RPC),
        ("suds_send", SUDS, DOC),
    ],
)
def test_script_says_and_does_the_same(
    run: Callable[..., str], script: str, theirs: str, dialect: Dialect, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as proxyless, Simulator() as before, Simulator() as after:
        proxyless.setenv("no_proxy", "127.0.0.1")
        original = run(script, before.url(DEFAULT_PATHS[dialect]))
        changed = run(script, after.url(DEFAULT_PATHS[dialect]), theirs, OURS)
    assert changed == original
    assert len(original.splitlines()) > 3
    assert after.gateway.commands == before.gateway.commands
    assert [seen(message) for message in after.gateway.messages] == [
        seen(message) for message in before.gateway.messages
    ]


def seen(message: Any) -> tuple[Any, ...]:
    parameters = {name: value for name, value in message.parameters.items() if name != "batch_id"}
    return message.to, message.sender, message.text, message.client_message_id, parameters


FAULT: Final = reply(
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Server</faultcode>'
    b"<faultstring>the database is asleep</faultstring></s:Fault></s:Body></s:Envelope>",
    "500 Internal Server Error",
)
BUSY: Final = reply(b"busy, come back later", "503 Service Unavailable", "text/plain")
ANSWER: Final = reply(
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><r:getbalanceResponse '
    b'xmlns:r="http://api.clickatell.com/soap/document_literal/webservice"><return>Credit: 12.3</return>'
    b"</r:getbalanceResponse></s:Body></s:Envelope>"
)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (ANSWER, "balance: Credit: 12.3\n"),
        (FAULT, "the gateway is at fault: Server the database is asleep | the database is asleep\n"),
        (BUSY, "try again later: 503\n"),
        (None, "try again later: 0\n"),
    ],
    ids=["all is well", "Fault", "503", "refused"],
)
def test_script_that_copes_with_errors_copes_the_same(
    run: Callable[..., str], tmp_path: Path, answer: bytes | None, says: str
) -> None:
    file = tmp_path / "sms.wsdl"
    with RawServer(answering(answer or b"")) as server:
        if answer is None:
            server.stop_listening()
        here = f"http://127.0.0.1:{server.port}/soap"
        file.write_bytes(wsdl(DOC).replace(b'location="http://api.clickatell.com/soap', f'location="{here}'.encode()))
        original = run("errors", str(file))
        changed = run("errors", str(file), ZEEP_BY_FILE, OURS_BY_FILE)
    assert original == says
    assert changed == original
    assert len(server.requests) == (0 if answer is None else 2)
