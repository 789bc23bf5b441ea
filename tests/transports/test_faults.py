"""What each fault of the network means for each kind of command, and what it leaves behind.

A fault strikes one request on the wire; those before it are answered, each over a connection of its own.
"""

import base64
import contextlib
import gzip
import logging
import signal
import socket
import ssl
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme
from facades import PASSWORD, of_threads
from rawserver import Answer, Gateway, Hangup, RawServer, Received, answering, deaf, envelope, reply, reset, tunnel

from clicksoap import (
    ClicksoapError,
    Client,
    NotSent,
    OutcomeUnknown,
    PartlySent,
    ProtocolError,
    SoapFault,
    Timeout,
    TransportError,
    TransportLost,
    TransportTimeout,
    report_of,
)

PROXY_PASSWORD = "staple-of-the-proxy"
TEXT = "meet me at noon behind the mill"
VOUCHER = "4111222233334444"
ONE = "27820001234"
MANY = [str(27820000000 + n) for n in range(700)]

MAX_REPLY_BYTES = 4 * 1024 * 1024


@dataclass
class World:
    """A gateway, somebody else, and perhaps a proxy between; what a fault changes in it holds from then on."""

    gateway: Gateway
    server: RawServer
    elsewhere: RawServer
    authority: trustme.CA
    monkeypatch: pytest.MonkeyPatch
    proxy: RawServer | None = None
    reached: int = 0
    """Requests that arrived before the fault."""

    def answer_with(self, answer: Answer) -> None:
        self.server.answer = answer

    def arrivals(self) -> int:
        return len(self.server.requests) - self.reached


@dataclass
class Fault:
    """Something that goes wrong.

    Attributes:
        strike: Makes it so.
        unknown: Whether the request may have been carried out.
        cause: The class of what a harmless command raises, and of what stands beneath the outcome of others.
        arrivals: How many requests the server sees whole.
        retryable: Whether another attempt may go better.
        says: What the error's text holds.
        way: ``http``, ``https``, or ``proxy`` (https through a proxy).
    """

    strike: Callable[[World], object]
    unknown: bool
    cause: type[ClicksoapError]
    arrivals: int
    retryable: bool
    says: str = ""
    way: str = "http"


def answered(data: bytes) -> Callable[[World], None]:
    return lambda world: world.answer_with(answering(data))


def status(line: str, *headers: str, body: bytes = b"<html>no</html>") -> Callable[[World], None]:
    return answered(reply(body, line, "text/html", headers))


def moved(line: str) -> Callable[[World], None]:
    def strike(world: World) -> None:
        place = f"{world.elsewhere.origin}/soap/elsewhere.php?user=acme&password={PASSWORD}"
        status(line, f"Location: {place}")(world)

    return strike


def dropped(drop: Callable[[socket.socket], None]) -> Callable[[World], None]:
    def answer(connection: socket.socket, _: Received) -> None:
        drop(connection)

    return lambda world: world.answer_with(answer)


def finish(_: socket.socket) -> None:
    raise Hangup


def unnamed(world: World) -> None:
    def look_up(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    world.monkeypatch.setattr(socket, "getaddrinfo", look_up)


def reset_while_reading(world: World) -> None:
    def on_connect(connection: socket.socket) -> None:
        # A reset that comes even earlier may be met while connecting, or leaks in Python's own ssl module.
        connection.recv(1)
        reset(connection)

    world.server.on_connect = on_connect


def present(name: str, *, ours: bool) -> Callable[[World], None]:
    """Present another certificate from now on."""

    def strike(world: World) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        (world.authority if ours else trustme.CA()).issue_cert(name).configure_cert(context)
        world.server.tls = context

    return strike


def without_tls(world: World) -> None:
    def on_connect(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.0 400 this is no TLS\r\n\r\n")
        raise Hangup

    world.server.on_connect = on_connect


def at_proxy(strike: Callable[[RawServer], object]) -> Callable[[World], None]:
    def at(world: World) -> None:
        assert world.proxy is not None
        strike(world.proxy)

    return at


def refusing(line: str) -> Callable[[World], None]:
    def strike(proxy: RawServer) -> None:
        proxy.answer = answering(reply(b"<html>no</html>", line, "text/html"))

    return at_proxy(strike)


def resetting(proxy: RawServer) -> None:
    proxy.on_connect = reset


def soap_fault(code: str) -> bytes:
    fault = (
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault>'
        f"<faultcode>soap:{code}</faultcode><faultstring>no {PASSWORD} of {ONE}</faultstring>"
        "</soap:Fault></soap:Body></soap:Envelope>"
    )
    return reply(fault.encode(), "500 Internal Server Error")


def packed(body: bytes) -> bytes:
    return reply(gzip.compress(body), headers=("Content-Encoding: gzip",))


WHOLE = reply(envelope("OK:"))
LOST, TIMED, TLS, SAID = TransportLost, TransportTimeout, TransportError, ProtocolError

FAULTS: dict[str, Fault] = {
    # Before anything left.
    "name not found": Fault(unnamed, False, LOST, 0, True, "service not known"),
    "port refused": Fault(lambda world: world.server.stop_listening(), False, LOST, 0, True, "refused"),
    "certificate of a stranger": Fault(present("localhost", ours=False), False, TLS, 0, False, "not trusted", "https"),
    "certificate of another host": Fault(present("else.example", ours=True), False, TLS, 0, False, "ostname", "https"),
    "no TLS there": Fault(without_tls, False, TLS, 0, False, "TLS", "https"),
    "reset in the TLS handshake": Fault(reset_while_reading, False, LOST, 0, True, "", "https"),
    "proxy wants other credentials": Fault(refusing("407 Credentials"), False, LOST, 0, True, "407", "proxy"),
    "proxy cannot reach the server": Fault(refusing("502 Bad Gateway"), False, LOST, 0, True, "502", "proxy"),
    "proxy refused": Fault(at_proxy(RawServer.stop_listening), False, LOST, 0, True, "proxy", "proxy"),
    "proxy resets": Fault(at_proxy(resetting), False, LOST, 0, True, "", "proxy"),
    # After something may have left.
    "reset while the request is read": Fault(reset_while_reading, True, LOST, 0, True),
    "reset behind the request": Fault(dropped(reset), True, LOST, 1, True),
    "reset behind the request over TLS": Fault(dropped(reset), True, LOST, 1, True, "", "https"),
    "closed behind the request": Fault(dropped(finish), True, LOST, 1, True),
    "closed behind the request over TLS": Fault(dropped(finish), True, LOST, 1, True, "", "https"),
    "closed behind the request in the proxy": Fault(dropped(finish), True, LOST, 1, True, "", "proxy"),
    "no HTTP at all": Fault(answered(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), True, LOST, 1, True),
    "body that is cut off": Fault(
        lambda world: world.answer_with(cut_off(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<soap")),
        True,
        LOST,
        1,
        True,
    ),
    "chunks that are cut off": Fault(
        lambda world: world.answer_with(
            cut_off(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<soap\r\n")
        ),
        True,
        LOST,
        1,
        True,
    ),
    "chunks of no length": Fault(
        answered(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n<soap\r\n"), True, LOST, 1, True
    ),
    "headers that are cut off": Fault(
        lambda world: world.answer_with(cut_off(b"HTTP/1.1 200 OK\r\nContent-Le")), True, LOST, 1, True, "ended"
    ),
    # Answers that are none.
    "empty 200": Fault(answered(reply(b"")), True, SAID, 1, False, "empty"),
    "HTML with 200": Fault(status("200 OK"), True, SAID, 1, False, "text/html"),
    "XML that ends too early": Fault(answered(reply(envelope("OK:")[:-9])), True, SAID, 1, False, "XML"),
    "switching protocols": Fault(
        answered(b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"), True, SAID, 1, False, "101"
    ),
    "204": Fault(status("204 No Content", body=b""), True, SAID, 1, False, "204"),
    "301": Fault(moved("301 Moved"), False, SAID, 1, False, "//localhost"),
    "302": Fault(moved("302 Found"), True, SAID, 1, False, "302"),
    "303": Fault(moved("303 See Other"), True, SAID, 1, False, "303"),
    "307": Fault(moved("307 Elsewhere"), False, SAID, 1, False, "//localhost"),
    "308": Fault(moved("308 Elsewhere"), False, SAID, 1, False, "//localhost"),
    "302 to a file": Fault(status("302 Found", "Location: file:///etc/passwd"), True, SAID, 1, False, "302"),
    "301 to a file": Fault(status("301 Moved", "Location: file:///etc/passwd"), False, SAID, 1, False, "/etc/passwd"),
    "301 to no URL": Fault(status("301 Moved", "Location: http://[::1"), False, SAID, 1, False, "301"),
    "401": Fault(status("401 No", 'WWW-Authenticate: Basic realm="x"'), False, SAID, 1, False, "401"),
    "404": Fault(status("404 Not Found"), False, SAID, 1, False, "404"),
    "407 of the server": Fault(status("407 No"), False, SAID, 1, False, "407"),
    "413": Fault(status("413 Too Large"), False, SAID, 1, False, "413"),
    "429": Fault(status("429 Slow Down", "Retry-After: 1"), False, SAID, 1, True, "429"),
    "500 with HTML": Fault(status("500 Oops"), True, SAID, 1, True, "500"),
    "502": Fault(status("502 Bad Gateway"), True, SAID, 1, True, "502"),
    "503 with Retry-After": Fault(status("503 Later", "Retry-After: 1"), True, SAID, 1, True, "503"),
    "Fault of the server": Fault(answered(soap_fault("Server")), True, SoapFault, 1, True, "Server"),
    "Fault of the client": Fault(answered(soap_fault("Client")), False, SoapFault, 1, False, "Client"),
    "oversized": Fault(answered(reply(b" " * (MAX_REPLY_BYTES + 1))), True, SAID, 1, False, "larger"),
    "gzip bomb": Fault(answered(packed(b" " * 20 * MAX_REPLY_BYTES)), True, SAID, 1, False, "larger"),
    "gzip that is none": Fault(
        answered(reply(b"no", headers=("Content-Encoding: gzip",))), True, SAID, 1, False, "content coding"
    ),
    "gzip that is cut off": Fault(
        answered(reply(gzip.compress(WHOLE)[:-9], headers=("Content-Encoding: gzip",))), True, SAID, 1, False, "cut off"
    ),
    "packing unheard of": Fault(
        answered(reply(b"x", headers=("Content-Encoding: br",))), True, SAID, 1, False, "content coding"
    ),
}


def cut_off(data: bytes) -> Answer:
    def answer(connection: socket.socket, _: Received) -> None:
        connection.sendall(data)
        raise Hangup

    return answer


@dataclass
class Action:
    """A call to be struck.

    Attributes:
        do: Makes the call.
        before: Requests that are answered before the fault strikes.
        states: How many recipients are accepted, unknown and not sent if the outcome is unknown.
        states_not_sent: The same where it is certain that nothing was sent.
    """

    do: Callable[[Client], object]
    before: int
    states: tuple[int, int, int] | None = None
    states_not_sent: tuple[int, int, int] | None = None


ACTIONS: dict[str, Action] = {
    "authenticate": Action(lambda client: client.authenticate(), 0),
    "status": Action(lambda client: client.status("0123456789abcdef" * 2), 1),
    "redeem": Action(lambda client: client.redeem(VOUCHER), 1),
    "send to one": Action(lambda client: client.send(ONE, TEXT), 1, (0, 1, 0), (0, 0, 1)),
    "send to many": Action(lambda client: client.send(MANY, TEXT), 2, (300, 300, 100), (300, 0, 400)),
}


@pytest.fixture(params=ACTIONS.values(), ids=list(ACTIONS))
def action(request: pytest.FixtureRequest) -> Action:
    chosen: Action = request.param
    return chosen


@pytest.fixture(params=FAULTS.values(), ids=list(FAULTS))
def fault(request: pytest.FixtureRequest) -> Fault:
    chosen: Fault = request.param
    return chosen


@dataclass
class Lab:
    """Where worlds are made."""

    connect: Callable[..., Client]
    authority: trustme.CA
    ca_file: Path
    tls: Callable[..., ssl.SSLContext]
    monkeypatch: pytest.MonkeyPatch
    caplog: pytest.LogCaptureFixture

    @contextlib.contextmanager
    def world(self, way: str) -> Iterator[World]:
        gateway = Gateway(headers=("Connection: close",))
        with contextlib.ExitStack() as stack:
            server = stack.enter_context(RawServer(gateway, None if way == "http" else self.tls()))
            elsewhere = stack.enter_context(RawServer(gateway))
            proxy = stack.enter_context(RawServer(tunnel)) if way == "proxy" else None
            yield World(gateway, server, elsewhere, self.authority, self.monkeypatch, proxy)

    def client(self, world: World) -> Client:
        named: dict[str, Any] = {}
        if world.server.tls:
            named["ca"] = str(self.ca_file)
        if world.proxy:
            named["proxy"] = proxy_url(world.proxy)
        return self.connect(world.server.origin, **named)


@pytest.fixture
def lab(  # noqa: PLR0913 - what a world is made of
    connect: Callable[..., Client],
    authority: trustme.CA,
    ca_file: Path,
    tls: Callable[..., ssl.SSLContext],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> Lab:
    caplog.set_level(logging.DEBUG)
    return Lab(connect, authority, ca_file, tls, monkeypatch, caplog)


def proxy_url(proxy: RawServer) -> str:
    return f"http://someone:{PROXY_PASSWORD}@localhost:{proxy.port}"


def arrange(world: World, fault: Fault, before: int) -> None:
    """Let the fault strike behind so many requests."""
    if before == 0:
        fault.strike(world)
        return

    def answer(connection: socket.socket, received: Received) -> None:
        if len(world.server.requests) == before:
            world.reached = before
            fault.strike(world)
        world.gateway(connection, received)

    world.server.answer = answer


def struck(client: Client, action: Action) -> BaseException:
    """What the call raises, with the traceback that a caller would have logged."""
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - which one is what the tests are about
        action.do(client)
    return caught.value


def test_fault(fault: Fault, action: Action, lab: Lab) -> None:
    """Each fault is told as what it means for the command, arrives once at most, and leaves no secret behind."""
    with lab.world(fault.way) as world:
        check(world, lab.client(world), fault, action, lab.caplog)


def check(world: World, client: Client, fault: Fault, action: Action, caplog: pytest.LogCaptureFixture) -> None:
    arrange(world, fault, action.before)
    error = struck(client, action)
    assert isinstance(error, ClicksoapError), repr(error)
    check_meaning(error, fault, action)
    assert world.arrivals() == fault.arrivals
    assert world.elsewhere.connections == 0
    check_secrets(error, caplog, world.gateway.sessions)


def check_meaning(error: ClicksoapError, fault: Fault, action: Action) -> None:
    assert fault.says in str(error)
    report = report_of(error)
    if action.states is None or action.states_not_sent is None:
        assert not report
        states = None
    else:
        assert report is not None
        states = (len(report.accepted), len(report.unknown), len(report.not_sent))
        assert len(report.rejected) == 0
        assert states == (action.states if fault.unknown else action.states_not_sent)
        assert len(report) == sum(states)
    if action in (ACTIONS["authenticate"], ACTIONS["status"]):
        assert isinstance(error, fault.cause)
        assert not error.may_have_taken_effect
        assert error.retryable is fault.retryable
        return
    is_partly_sent = states is not None and states[0] > 0
    assert type(error) is (OutcomeUnknown if fault.unknown else PartlySent if is_partly_sent else NotSent)
    assert isinstance(error.cause, fault.cause)
    assert error.__cause__ is error.cause
    assert error.may_have_taken_effect is (fault.unknown or is_partly_sent)
    assert error.retryable is (fault.retryable and not fault.unknown and not is_partly_sent)


def left_behind(error: object, seen: set[int]) -> Iterator[str]:
    """Every text that hangs on an exception; of its report what it shows of itself, not what it gives to who asks."""
    if id(error) in seen:
        return
    seen.add(id(error))
    yield str(error)
    yield repr(error)
    if isinstance(error, BaseException):
        yield from traceback.format_exception(error)
        for part in (*error.args, error.__cause__, error.__context__, error.__dict__):
            yield from left_behind(part, seen)
    elif isinstance(error, dict):
        for part in error.values():
            yield from left_behind(part, seen)
    elif isinstance(error, list | tuple | set | frozenset):
        for part in error:
            yield from left_behind(part, seen)


def check_secrets(error: BaseException, caplog: pytest.LogCaptureFixture, sessions: list[str]) -> None:
    told = "\n".join([*left_behind(error, set()), caplog.text, *(repr(record.__dict__) for record in caplog.records)])
    pair = base64.b64encode(f"someone:{PROXY_PASSWORD}".encode()).decode()
    for secret in (PASSWORD, PROXY_PASSWORD, pair, TEXT, VOUCHER, ONE, MANY[0], MANY[301], MANY[-1], *sessions):
        assert secret not in told


@of_threads
def test_interrupt_while_waiting_passes_unchanged_and_tells_what_was_known(action: Action, lab: Lab) -> None:
    main = threading.main_thread().ident
    assert main is not None

    def interrupt(_: socket.socket, __: Received) -> None:
        signal.pthread_kill(main, signal.SIGINT)
        world.server.closing.wait()
        raise Hangup

    with lab.world("http") as world:
        client = lab.client(world)
        interruption = Fault(lambda world: world.answer_with(interrupt), True, ClicksoapError, 1, False)
        arrange(world, interruption, action.before)
        error = struck(client, action)
        assert type(error) is KeyboardInterrupt
        report = report_of(error)
        found = report and (len(report.accepted), len(report.unknown), len(report.not_sent))
        assert found == action.states
        assert world.arrivals() == 1
        check_secrets(error, lab.caplog, world.gateway.sessions)
        # The interrupted connection is not used again, and its place in the pool is free.
        world.server.answer = world.gateway
        assert client.balance() is not None


@of_threads
def test_interrupted_login_of_a_send_tells_that_nothing_was_sent(connect: Callable[..., Client]) -> None:
    main = threading.main_thread().ident
    assert main is not None

    def interrupt(_: socket.socket, __: Received) -> None:
        signal.pthread_kill(main, signal.SIGINT)
        server.closing.wait()

    gateway = Gateway()
    with RawServer(Gateway({"auth": interrupt})) as server:
        client = connect(server.origin)
        with pytest.raises(KeyboardInterrupt) as caught:
            client.send(ONE, TEXT)
        report = report_of(caught.value)
        assert report is not None
        assert len(report.not_sent) == 1
        # The login is open to the next call.
        server.answer = gateway
        assert len(client.send(ONE, TEXT).accepted) == 1


REASONS = {
    "name not found": "Name or service not known",
    "port refused": "Connection refused",
    "certificate of a stranger": "not trusted",
    "certificate of another host": "ostname mismatch",
    "no TLS there": "WRONG_VERSION_NUMBER",
    "proxy wants other credentials": "407",
    "proxy cannot reach the server": "502",
    "proxy refused": "Connection refused",
    "reset while the request is read": "Connection reset by peer",
}


@pytest.mark.parametrize("name", REASONS)
def test_reason_is_told_without_address_and_url(name: str, lab: Lab) -> None:
    fault = FAULTS[name]
    with lab.world(fault.way) as world:
        arrange(world, fault, 0)
        told = str(struck(lab.client(world), ACTIONS["authenticate"]))
        assert REASONS[name] in told
        assert str(world.server.port) not in told
        assert "127.0.0.1" not in told


def test_proxy_that_does_not_accept_is_a_time_out(connect: Callable[..., Client]) -> None:
    with deaf() as port:
        limits = Timeout(connect=0.3, read=5, total=10)
        client = connect("https://localhost:1", proxy=f"http://127.0.0.1:{port}", timeout=limits)
        with pytest.raises(NotSent) as caught:
            client.send(ONE, TEXT)
    assert isinstance(caught.value.cause, TransportTimeout)


def test_proxy_that_never_answers_is_a_time_out(connect: Callable[..., Client]) -> None:
    def silent(_: socket.socket, __: Received) -> None:
        proxy.closing.wait()

    with RawServer(silent) as proxy:
        limits = Timeout(connect=0.3, read=5, total=10)
        client = connect("https://localhost:1", proxy=proxy.origin, timeout=limits)
        with pytest.raises(NotSent) as caught:
            client.send(ONE, TEXT)
    assert isinstance(caught.value.cause, TransportTimeout)


@pytest.mark.parametrize("opened", [False, True])
def test_tunnel_that_breaks_while_it_is_made_sent_nothing(
    opened: bool,  # noqa: FBT001 - a parameter of the test
    connect: Callable[..., Client],
) -> None:
    def broken(connection: socket.socket, _: Received) -> None:
        if opened:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        raise Hangup

    with RawServer(broken) as proxy:
        error = struck(connect("https://localhost:1", proxy=proxy.origin), ACTIONS["send to one"])
    assert isinstance(error, NotSent)
    assert isinstance(error.cause, TransportLost)
    assert error.retryable


def test_what_a_proxy_says_in_its_refusal_is_scrubbed(
    connect: Callable[..., Client], caplog: pytest.LogCaptureFixture
) -> None:
    """Its words are foreign text, and may hold what the request brought along."""
    said = f"407 no {PROXY_PASSWORD} for {ONE} " + "and so on " * 200
    with RawServer(answering(reply(b"", said))) as proxy:
        client = connect("https://localhost:1", proxy=proxy_url(proxy))
        error = struck(client, ACTIONS["send to one"])
    assert isinstance(error, NotSent)
    check_secrets(error, caplog, [])
    assert len(str(error)) < 500


@pytest.mark.parametrize("http_method", ["POST", "GET"])
def test_http_api_leaves_no_secret_of_its_url_behind(
    http_method: str, connect: Callable[..., Client], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def lost(connection: socket.socket, _: Received) -> None:
        reset(connection)

    with RawServer(lost) as server:
        client = connect(server.origin, binding="http", http_method=http_method, auth="credentials")
        error = struck(client, ACTIONS["send to one"])
        assert len(server.requests) == 1
    assert isinstance(error, OutcomeUnknown)
    check_secrets(error, caplog, [])


@pytest.mark.parametrize("place", [f"/login/{PASSWORD}", f"//acme:{PASSWORD}@localhost/"])
def test_place_that_repeats_the_password_is_scrubbed(
    place: str, connect: Callable[..., Client], caplog: pytest.LogCaptureFixture
) -> None:
    with RawServer(answering(reply(b"", "301 Moved", headers=(f"Location: {place}",)))) as server:
        error = struck(connect(server.origin), ACTIONS["send to one"])
    assert isinstance(error, NotSent)
    check_secrets(error, caplog, [])


SESSION_FAULTS = [
    "name not found",
    "port refused",
    "certificate of a stranger",
    "certificate of another host",
    "proxy wants other credentials",
    "proxy refused",
    "reset behind the request",
    "closed behind the request",
    "body that is cut off",
    "no HTTP at all",
    "empty 200",
    "301",
    "302",
    "307",
    "302 to a file",
    "404",
    "429",
    "503 with Retry-After",
    "gzip bomb",
]


@of_threads
@pytest.mark.parametrize("name", SESSION_FAULTS)
@pytest.mark.parametrize("kind", ["status", "redeem", "send to many"])
def test_fault_in_a_session_of_the_caller(name: str, kind: str, lab: Lab) -> None:
    fault = FAULTS[name]
    with lab.world(fault.way) as world, requests.Session() as session:
        session.trust_env = False
        session.verify = str(lab.ca_file)
        if world.proxy:
            session.proxies["https"] = proxy_url(world.proxy)
        client = lab.connect(world.server.origin, session=session)
        check(world, client, fault, ACTIONS[kind], lab.caplog)
