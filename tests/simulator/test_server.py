"""The simulator as a server: starting, stopping, waiting, failing."""

import ast
import asyncio
import http.client
import logging
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

import clicksoap.simulator
from clicksoap.simulator import Account, Clock, Settings, Simulator
from clicksoap.simulator.services.connection import Connection

from .conftest import Wire

TO = "27820000001"
WHO = {"api_id": "7", "user": "acme", "password": "secret"}


def test_it_answers_as_soon_as_the_block_begins_and_no_more_after_it() -> None:
    before = set(threading.enumerate())
    with Simulator() as sim:
        place = urlsplit(sim.origin)
        assert Wire(sim).log_in()
    assert place.hostname == "127.0.0.1"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((place.hostname, place.port or 0), timeout=5).close()
    started = set(threading.enumerate()) - before
    assert not [each for each in started if each.name.startswith("clicksoap-simulator")]


def test_it_can_be_started_again_and_keeps_its_state() -> None:
    sim = Simulator()
    with pytest.raises(RuntimeError, match="not running"):
        _ = sim.origin
    sim.start()
    session = Wire(sim).log_in()
    with pytest.raises(RuntimeError, match="already"):
        sim.start()
    sim.stop()
    sim.stop()
    with sim:
        assert Wire(sim).call("ping", session_id=session) == ["OK:"]


def test_several_run_side_by_side() -> None:
    with Simulator() as one, Simulator() as other:
        assert one.origin != other.origin
        Wire(one).call("sendmsg", TO, text="hi", **WHO)
        assert (len(one.gateway.messages), len(other.gateway.messages)) == (1, 0)


def test_a_port_in_use_is_an_error_of_the_one_who_starts() -> None:
    with Simulator() as sim:
        port = urlsplit(sim.origin).port or 0
        with pytest.raises(OSError, match="in use"):
            Simulator(port=port).start()


def test_a_failure_in_the_servers_thread_is_raised_in_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ValueError("not today")

    monkeypatch.setattr("uvicorn.Server.startup", broken)
    with pytest.raises(ValueError, match="not today"):
        Simulator().start()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "sms.example", "::"])  # noqa: S104 - refused
def test_without_a_login_it_listens_on_this_machine_only(host: str) -> None:
    with pytest.raises(ValueError, match="give"):
        Simulator(host=host)


@pytest.mark.parametrize("host", ["localhost", "::1"])
def test_it_listens_on_any_loopback_address(host: str) -> None:
    sim = Simulator(host=host)
    try:
        sim.start()
    except OSError:
        pytest.skip("this machine has no such address")
    try:
        assert Wire(sim).log_in()
    finally:
        sim.stop()


def test_one_connection_serves_many_requests(sim: Simulator, wire: Wire) -> None:
    body = wire.envelope("<getbalance><api_id>7</api_id><user>a</user><password>b</password></getbalance>")
    connection = http.client.HTTPConnection(urlsplit(sim.origin).netloc, timeout=30)
    try:
        connection.connect()
        local = connection.sock.getsockname()
        for _ in range(5):
            connection.request("POST", wire.document, body, {"Content-Type": "text/xml"})
            assert b"Credit" in connection.getresponse().read()
            assert connection.sock.getsockname() == local
        connection.request("POST", wire.document, b"broken", {"Content-Type": "text/xml"})
        assert connection.getresponse().read()
        assert connection.sock.getsockname() == local
    finally:
        connection.close()


def test_it_starts_within_half_a_second_and_stops_as_soon() -> None:
    seconds = []
    for _ in range(3):
        begun = time.perf_counter()
        with Simulator():
            seconds.append(time.perf_counter() - begun)
        seconds.append(time.perf_counter() - begun)
    assert min(seconds[::2]) < 0.5
    assert min(seconds[1::2]) < 1.0


def test_a_kept_connection_never_waits_for_acknowledgements(sim: Simulator, wire: Wire) -> None:
    """Nagle's algorithm against delayed acknowledgements would cost at least 40 ms, each time but the first."""
    connection = http.client.HTTPConnection(urlsplit(sim.origin).netloc, timeout=30)
    seconds = []
    try:
        for _ in range(12):
            begun = time.perf_counter()
            connection.request("GET", wire.document)
            connection.getresponse().read()
            seconds.append(time.perf_counter() - begun)
    finally:
        connection.close()
    assert min(seconds[1:]) < 0.03


def test_a_slow_stream_begins_at_once() -> None:
    """Whoever listens for events has to know that he is connected, though nothing may happen for a long while."""
    over = asyncio.Event()

    async def app(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        await over.wait()
        await send({"type": "http.response.body", "body": b"news", "more_body": False})

    async def listen() -> bytes:
        server = uvicorn.Server(uvicorn.Config(app, port=0, http=Connection, lifespan="off", log_config=None))
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.001)
        reader, writer = await asyncio.open_connection(*server.servers[0].sockets[0].getsockname())
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
        over.set()
        body = await reader.readexactly(4)
        writer.close()
        server.should_exit = True
        await serving
        return head[:15] + body

    assert asyncio.run(listen()) == b"HTTP/1.1 200 OKnews"


def test_a_waiting_command_holds_no_other_up() -> None:
    waiting, released = threading.Event(), threading.Event()

    def hold(command: str) -> None:
        if command == "sendmsg":
            waiting.set()
            assert released.wait(30)

    with Simulator(on_command=hold) as sim, ThreadPoolExecutor(1) as pool:
        wire = Wire(sim)
        held = pool.submit(wire.call, "sendmsg", TO, text="hi", **WHO)
        assert waiting.wait(30)
        assert wire.call("getbalance", **WHO) == ["Credit: 1000.00"]
        assert sim.gateway.messages == []
        released.set()
        assert held.result(30)[0].startswith("ID: ")


def test_stopping_does_not_wait_for_ever_for_a_command_that_does(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clicksoap.simulator.server._GRACE", 0.2)
    waiting, released = threading.Event(), threading.Event()

    def hold(_: str) -> None:
        waiting.set()
        released.wait(60)

    sim = Simulator(on_command=hold)
    sim.start()
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(Wire(sim).call, "sendmsg", TO, text="my words", **WHO)
        assert waiting.wait(30)
        sim.stop()
        with pytest.raises((OSError, http.client.HTTPException, AssertionError)):
            held.result(30)
    released.set()
    assert "my words" not in caplog.text


def test_a_client_that_never_finishes_its_request_is_dropped_when_stopping(
    sim: Simulator, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clicksoap.simulator.server._GRACE", 0.2)
    place = urlsplit(sim.origin)
    with socket.create_connection((place.hostname, place.port or 0), timeout=30) as connection:
        connection.sendall(f"POST {wire.document} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n<".encode())
        assert wire.log_in()
        sim.stop()
        with suppress(ConnectionResetError):
            assert connection.recv(4096) == b""


def test_a_failing_hook_is_a_server_fault_that_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: str) -> None:
        raise RuntimeError("private matters")

    with caplog.at_level(logging.DEBUG), Simulator(on_command=fail) as sim:
        wire = Wire(sim)
        reply = wire.post(wire.document, wire.envelope(f"<sendmsg><to>{TO}</to><text>my words</text></sendmsg>"))
    assert reply.fault == "SOAP-ENV:Server"
    assert b"private" not in reply.body
    assert sim.gateway.messages == []
    assert "RuntimeError" in caplog.text
    assert not any(word in caplog.text for word in ("private", "my words", TO))


def test_the_hook_hears_every_command_in_the_document_spelling() -> None:
    heard: list[str] = []
    with Simulator(on_command=heard.append) as sim:
        wire = Wire(sim)
        wire.call("routeCoverage", msisdn=TO, path=wire.rpc, **WHO)
        wire.call("ping", session_id="none")
    assert heard == ["routecoverage", "ping"]
    assert sim.gateway.commands["routecoverage"] == 1


def test_nothing_private_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), Simulator() as sim:
        wire = Wire(sim)
        session = wire.log_in()
        wire.call("sendmsg", TO, text="my words", session_id=session)
        wire.post(wire.rpc, f"<a>{TO}my words")
    assert not any(word in caplog.text for word in ("secret", session, "my words", TO))


def test_its_choices_reach_the_gateway() -> None:
    clock = Clock()
    with Simulator(accounts=[Account(7, "acme", "secret")], clock=clock, settings=Settings(session_calls=1)) as sim:
        wire = Wire(sim)
        assert sim.clock is clock
        assert wire.call("auth", api_id="8", user="acme", password="secret") == ["ERR: 001, Authentication failed"]
        session = wire.log_in()
        assert wire.call("ping", session_id=session) == ["OK:"]
        assert wire.call("ping", session_id=session) == ["ERR: 003, Session ID expired"]


def test_many_clients_at_once_are_all_answered(sim: Simulator, wire: Wire) -> None:
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: wire.call("sendmsg", TO, text="hi", **WHO), range(64)))
    assert len({line for (line,) in replies}) == 64
    assert sim.gateway.balance(7, "acme") == 1000 - 64


@pytest.mark.parametrize("missing", ["starlette", "uvicorn", "jinja2"])
def test_without_its_extra_it_names_the_command_to_install_it(missing: str) -> None:
    program = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "try: import clicksoap.simulator\n"
        "except ImportError as error: print(error)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == 'the simulator needs starlette, uvicorn and jinja2: pip install "clicksoap[simulator]"\n'


def test_it_shares_only_the_codes_the_contract_and_the_version_with_the_client() -> None:
    folder = Path(clicksoap.simulator.__file__).parent
    nodes = [node for each in folder.rglob("*.py") for node in ast.walk(ast.parse(each.read_text("utf-8")))]
    names = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    names |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    ours = {name for name in names if name.split(".")[0] == "clicksoap"}
    assert {name for name in ours if not name.startswith("clicksoap.simulator")} == {
        "clicksoap.codes",
        "clicksoap.contract",
        "clicksoap.version",
    }
    assert not any(isinstance(node, ast.ImportFrom) and node.level for node in nodes)
