"""Whatever fails before the first byte leaves is told as not sent."""

import _thread
import gc
import json
import resource
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from facades import of_threads
from rawserver import Gateway, Hangup, RawServer, Received
from urllib3.connection import HTTPConnection

from clicksoap import ClicksoapError, Client, NotSent, OutcomeUnknown, TransportError, TransportLost, report_of
from clicksoap.protocol.bindings import soap
from clicksoap.transports.tls import _default_context

Connect = Callable[..., Client]

# A socket that an exception meets on its way into a variable is closed when it is collected.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
TO = ["27820001234", "27820001235"]

PROGRAM = Path(__file__).with_name("at_exit.py")


def calls_of_clicksoap(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith("clicksoap.transports"):
            return True
        frame = frame.f_back
    return False


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Collect such sockets where their warning is not heard."""
    yield
    gc.collect()


@pytest.fixture
def no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """No thread is to be had, but for the servers of the tests."""

    def refuse(module: Any, name: str) -> None:
        start = getattr(module, name)

        def refusing(*args: Any, **named: Any) -> Any:
            if calls_of_clicksoap(sys._getframe(1)):
                raise RuntimeError("can't start new thread")
            return start(*args, **named)

        monkeypatch.setattr(module, name, refusing)

    refuse(_thread, "start_new_thread")
    refuse(threading, "_start_new_thread" if hasattr(threading, "_start_new_thread") else "_start_joinable_thread")


@pytest.fixture
def no_file_handle() -> Iterator[None]:
    """No file can be opened and no socket made; those that are open work on."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def not_sent(client: Client) -> NotSent:
    """Send, and check that everybody is told as not sent, without a foreign exception."""
    with pytest.raises(NotSent) as caught:
        client.send(TO, "x")
    error = caught.value
    assert isinstance(error.cause, TransportError)
    assert "before anything left" in str(error)
    assert not error.may_have_taken_effect
    assert error.report is not None
    assert len(error.report.not_sent) == len(TO)
    assert (error.__cause__, error.cause.__cause__, error.cause.__context__) == (error.cause, None, None)
    return error


@pytest.mark.usefixtures("no_thread")
def test_name_that_there_is_no_thread_to_look_up_in(connect: Connect) -> None:
    with RawServer(Gateway()) as server:
        error = not_sent(connect(server.origin))
    assert "no thread" in str(error)
    assert error.retryable
    assert server.connections == 0


@pytest.mark.usefixtures("no_thread")
def test_address_needs_no_thread(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soap, "_cache", {})
    with RawServer(Gateway()) as server:
        assert len(connect(f"http://127.0.0.1:{server.port}").send(TO, "x").accepted) == len(TO)


def test_socket_that_there_is_no_file_handle_for(connect: Connect, request: pytest.FixtureRequest) -> None:
    with RawServer(Gateway(headers=("Connection: close",))) as server:
        client = connect(f"http://127.0.0.1:{server.port}")
        client.authenticate()
        request.getfixturevalue("no_file_handle")
        error = not_sent(client)
        assert "Too many open files" in str(error)
        assert error.retryable
    assert len(server.requests) == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_contract_and_certificates_that_there_is_no_file_handle_for(
    scheme: str, connect: Connect, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotSent):  # everything is imported
        connect(f"{scheme}://127.0.0.1:1", auth="credentials").send(TO, "x")
    client = connect(f"{scheme}://127.0.0.1:1", auth="credentials")
    monkeypatch.setattr(soap, "_cache", {})
    _default_context.cache_clear()
    request.getfixturevalue("no_file_handle")
    assert "Too many open files" in str(not_sent(client))


class LibraryError(Exception):
    """What a library of proxies raises that has its own idea of errors."""


@pytest.mark.parametrize("kind", [MemoryError, TypeError, RuntimeError, LibraryError, UnicodeError, ssl.SSLError])
def test_foreign_exception_while_connecting(
    kind: type[Exception], connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connecting(*_: Any) -> None:
        raise kind

    monkeypatch.setattr(socket.socket, "connect", connecting)
    not_sent(connect("http://127.0.0.1:1"))


@of_threads
def test_socket_options_that_are_none(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs set them for all of urllib3, to keep connections alive."""
    monkeypatch.setattr(HTTPConnection, "default_socket_options", [("keep", "alive")])
    with RawServer(Gateway()) as server:
        not_sent(connect(server.origin))


@of_threads
def test_socket_options_of_the_program_are_set(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    create = socket.socket.setsockopt

    def watching(sock: socket.socket, *option: Any) -> None:
        seen.append(option[1])
        create(sock, *option)

    monkeypatch.setattr(socket.socket, "setsockopt", watching)
    options = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    monkeypatch.setattr(HTTPConnection, "default_socket_options", options)
    with RawServer(Gateway()) as server:
        connect(server.origin).balance()
    assert socket.SO_KEEPALIVE in seen


@pytest.mark.parametrize("handled", [IndexError, TimeoutError, ssl.SSLEOFError])
def test_what_the_caller_handles_meanwhile_is_no_reason(handled: type[Exception], connect: Connect) -> None:
    try:
        raise handled
    except handled:
        error = not_sent(connect("http://127.0.0.1:1"))
    assert isinstance(error.cause, TransportLost)
    assert "not accepted, before anything left (Connection refused)" in str(error)


@of_threads
def test_report_of_an_earlier_call_does_not_hang_on_the_interruption_of_a_later_one(connect: Connect) -> None:
    def press_ctrl_c(_: socket.socket, __: Received) -> None:
        signal.pthread_kill(main, signal.SIGINT)
        server.closing.wait()

    main = threading.get_ident()
    with RawServer(press_ctrl_c) as server:
        client = connect(f"http://127.0.0.1:{server.port}", auth="credentials")
        try:
            connect("http://127.0.0.1:1").send(TO, "x")
        except NotSent:
            with pytest.raises(KeyboardInterrupt) as caught:
                client.balance()
    assert report_of(caught.value) is None


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "xn--a.example", "a..example"])
def test_host_that_cannot_be_looked_up(host: str, connect: Connect) -> None:
    not_sent(connect(f"http://{host}", allow_plaintext=True))


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:1", "https://127.0.0.1:1", "http://" + "a" * 64 + ".example"])
def test_proxy_that_is_not_there(proxy: str, connect: Connect) -> None:
    not_sent(connect("https://gateway.example", proxy=proxy))


@of_threads
def test_foreign_exception_behind_the_first_byte_leaves_the_outcome_open(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive = socket.socket.recv

    def receiving(sock: socket.socket, *args: Any) -> bytes:
        if calls_of_clicksoap(sys._getframe(1)):
            raise MemoryError
        return receive(sock, *args)

    with RawServer(Gateway()) as server:
        client = connect(server.origin)
        client.authenticate()
        monkeypatch.setattr(socket.socket, "recv", receiving)
        with pytest.raises(OutcomeUnknown, match="no memory") as caught:
            client.send(TO, "x")
    assert caught.value.report is not None
    assert len(caught.value.report.unknown) == len(TO)


@pytest.mark.parametrize("facade", ["Client", "AsyncClient"])
def test_send_at_the_end_of_the_interpreter(facade: str) -> None:
    """To an address it is sent; to a name it is, too, or told as not sent where threads have ended (Python 3.12)."""
    with RawServer(Gateway()) as server:
        line = [sys.executable, str(PROGRAM), facade, str(server.port)]
        done = subprocess.run(line, capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    address, name = json.loads(done.stdout)
    assert address == "accepted"
    assert name in {"accepted", "NotSent"}


class Alarm(Exception):
    """What a handler of signals raises."""


@pytest.fixture
def alarm(request: pytest.FixtureRequest) -> Iterator[Callable[[], None]]:
    """Gives this thread a signal, whose handler raises."""
    main = threading.get_ident()

    def handler(*_: object) -> None:
        raise request.param

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        yield lambda: signal.pthread_kill(main, signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)


@of_threads
@pytest.mark.parametrize("alarm", [Alarm, KeyboardInterrupt], indirect=True)
@pytest.mark.parametrize("when", ["connecting", "waiting"])
def test_exception_of_a_signal_handler_passes_unchanged_with_the_report(
    when: str, alarm: Callable[[], None], connect: Connect, request: pytest.FixtureRequest
) -> None:
    def on_connect(_: socket.socket) -> None:
        if when == "connecting":
            alarm()
            server.closing.wait()

    def answer(_: socket.socket, __: Received) -> None:
        alarm()
        server.closing.wait()
        raise Hangup

    kind = request.node.callspec.params["alarm"]
    with RawServer(answer, on_connect=on_connect) as server:
        scheme = "https" if when == "connecting" else "http"
        client = connect(f"{scheme}://127.0.0.1:{server.port}", auth="credentials")
        with pytest.raises(kind) as caught:
            client.send(TO, "x")
        assert type(caught.value) is kind
        report = report_of(caught.value)
        assert report is not None
        assert len(report.not_sent if when == "connecting" else report.unknown) == len(TO)


@of_threads
@pytest.mark.parametrize("alarm", [NotSent("of another call", cause=ClicksoapError("x"))], indirect=True, ids=["x"])
def test_error_of_a_call_in_a_signal_handler_says_nothing_of_the_call_around_it(
    alarm: Callable[[], None], connect: Connect
) -> None:
    def answer(_: socket.socket, __: Received) -> None:
        alarm()
        server.closing.wait()
        raise Hangup

    with RawServer(answer) as server, pytest.raises(OutcomeUnknown) as caught:
        connect(server.origin, auth="credentials").send(TO, "x")
    assert caught.value.report is not None
    assert len(caught.value.report.unknown) == len(TO)
