"""No local variable of any frame of an exception shows a password or a session id."""

import binascii
import contextlib
import socket
import traceback
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import quote, quote_plus

import pytest
import requests
from facades import FACADES, settings
from rawserver import Answer, Hangup, RawServer, Received, envelope, reply
from zeep.exceptions import TransportError as ZeepTransportError

from clicksoap import (
    AsyncClient,
    ClicksoapError,
    Client,
    ConfigurationError,
    InvalidInput,
)

HELD: Final = {"password": "c0rrect&horse<battery>%=", "session": "5e55104d5e55104d5e55104d5e55104d"}
TO: Final = "27821234567"
BINDINGS: Final = ("document_literal", "rpc_encoded", "http", "http by GET")


def spellings(secret: str) -> set[str]:
    """A secret as a repr of any kind may show it."""
    written = secret.encode()
    escaped = secret.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    hexed = binascii.hexlify(written).decode()
    return {secret, repr(secret)[1:-1], escaped, quote(secret), quote_plus(secret), hexed, hexed.upper()}


def shown(error: BaseException) -> str:
    """What a crash reporter ships: the whole chain with the local variables of all frames but those of the tests."""
    waiting = [traceback.TracebackException.from_exception(error, capture_locals=True)]
    pieces: list[str] = []
    while waiting:
        each = waiting.pop()
        pieces += each.format_exception_only()
        for frame in each.stack:
            if "/tests/" not in frame.filename:
                pieces += (frame.locals or {}).values()
        waiting += filter(None, (each.__cause__, each.__context__))
    return "\n".join(pieces)


def told(error: BaseException) -> list[str]:
    """The names of the secrets that can be read in an exception."""
    text = shown(error)
    return [name for name, secret in HELD.items() if any(each in text for each in spellings(secret))]


def gateway(binding: str, answer: Answer) -> Answer:
    """Logs in over any binding, and answers everything else otherwise."""
    line = f"OK: {HELD['session']}"
    opened = reply(line.encode() + b"\n", content_type="text/plain") if "http" in binding else reply(envelope(line))

    def answering(connection: socket.socket, received: Received) -> None:
        is_login = b"/http/auth" in received.head or b":auth" in received.body
        connection.sendall(opened) if is_login else answer(connection, received)

    return answering


def lose(_: socket.socket, __: Received) -> None:
    raise Hangup


def fail(connection: socket.socket, received: Received) -> None:
    connection.sendall(reply(b"<html>" + received.body + b"</html>", "500 Oops", "text/html"))


def echo(connection: socket.socket, received: Received) -> None:
    connection.sendall(reply(received.body or received.head))


def trickle(connection: socket.socket, received: Received) -> None:
    connection.sendall(reply(received.body + received.head)[:-20])
    raise Hangup


def refuse(connection: socket.socket, received: Received) -> None:
    line = b"ERR: 001, Authentication failed for " + received.body
    body = line if b"/http/" in received.head else envelope("ERR: 001, Authentication failed")
    connection.sendall(reply(body, content_type="text/plain"))


FAILURES: Final[dict[str, Answer]] = {"lost": lose, "500": fail, "echo": echo, "cut off": trickle, "refused": refuse}


@pytest.fixture(params=BINDINGS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["session", "credentials"])
def auth(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=FACADES)
def connect(request: pytest.FixtureRequest, way: str, auth: str) -> Iterator[Callable[..., Any]]:
    """Makes clients over each binding, of both kinds, with both ways of saying who they are."""
    with contextlib.ExitStack() as stack:

        def make(endpoint: str, **named: Any) -> Any:
            method = "GET" if way.endswith("GET") else "POST"
            given = settings(endpoint=endpoint, binding=way.partition(" ")[0], http_method=method, auth=auth, **named)
            return stack.enter_context(FACADES[request.param](**{**given, "password": HELD["password"]}))

        yield make


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failed_send_shows_no_secret_in_any_frame(connect: Callable[..., Any], way: str, failure: str) -> None:
    with RawServer(gateway(way, FAILURES[failure])) as server, pytest.raises(ClicksoapError) as failed:
        connect(server.origin).send(TO, "hello")
    assert told(failed.value) == []
    assert len(server.requests) > 0


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failed_login_shows_no_secret_in_any_frame(connect: Callable[..., Any], failure: str) -> None:
    with RawServer(FAILURES[failure]) as server, pytest.raises(ClicksoapError) as failed:
        connect(server.origin).balance()
    assert told(failed.value) == []


def test_a_refused_connection_shows_no_secret_in_any_frame(connect: Callable[..., Any]) -> None:
    server = RawServer(lose)
    server.stop_listening()
    with pytest.raises(ClicksoapError) as failed:
        connect(server.origin).send(TO, "hello")
    assert told(failed.value) == []


def test_an_input_that_cannot_be_written_shows_no_secret_in_any_frame(connect: Callable[..., Any], way: str) -> None:
    with RawServer(gateway(way, lose)) as server:
        sms = connect(server.origin)
        with contextlib.suppress(ClicksoapError):
            sms.balance()  # logs in
        with pytest.raises(InvalidInput) as failed:
            sms.send(TO, "hello", extra={"queue": [object()]})
    assert told(failed.value) == []


@pytest.mark.parametrize("wrong", [{}, {"unheard_of": 1}], ids=["lost", "refused before"])
@pytest.mark.parametrize("facade", FACADES)
def test_a_raw_call_shows_no_secret_in_any_frame(facade: str, wrong: dict[str, Any]) -> None:
    async def awaited(service: Any) -> None:
        await service.auth(api_id=1, user="acme", password=HELD["password"], **wrong)

    def blocking(service: Any) -> None:
        service.auth(api_id=1, user="acme", password=HELD["password"], **wrong)

    with RawServer(lose) as server, FACADES[facade](**settings(endpoint=server.origin)) as sms:
        with pytest.raises((InvalidInput, ZeepTransportError)) as failed:
            blocking(sms.service) if facade == "Client" else sms._runner.run(awaited(sms.service))
        assert told(failed.value) == []


class Interrupted(requests.Session):
    """A session in whose deepest call somebody presses Ctrl-C."""

    def send(self, *_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt


@pytest.mark.parametrize("binding", ["document_literal", "http"])
def test_an_interruption_shows_no_secret_in_any_frame(binding: Any) -> None:
    """Nor do the frames of requests, which hold the body."""
    given = settings(endpoint="http://localhost:1", binding=binding, auth="credentials", session=Interrupted())
    with pytest.raises(KeyboardInterrupt) as interrupted:
        Client(**{**given, "password": HELD["password"]}).send(TO, "hello")
    assert told(interrupted.value) == []
    assert "sessions.py" in "".join(traceback.format_exception(interrupted.value))


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": HELD["password"] + "\0"},
        {"password": HELD["password"].encode()},
        {"endpoint": "nowhere"},
        {"proxy": f"http//user:{quote(HELD['password'])}@proxy"},
        {"headers": {"Authorization": HELD["password"] + "\n"}},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
@pytest.mark.parametrize("facade", [Client, AsyncClient])
def test_a_client_that_cannot_be_made_shows_no_secret_in_any_frame(facade: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as failed:
        facade(**{**settings(), "password": HELD["password"], **wrong})
    assert told(failed.value) == []


def test_a_recorder_is_given_an_error_that_shows_no_secret_in_any_frame() -> None:
    seen: list[list[str]] = []

    def keep(event: Any) -> None:
        if getattr(event, "error", None) is not None:
            seen.append(told(event.error))

    with RawServer(gateway("", lose)) as server:
        given = settings(endpoint=server.origin, auth="credentials")
        with Client(**{**given, "password": HELD["password"]}) as sms, pytest.raises(ClicksoapError):
            sms._driver.run(sms._core.deliver(sms._core.plan(TO, "hello", {}), keep))
    assert seen == [[]]


def test_the_variables_of_the_caller_are_left_alone() -> None:
    """Those of a failure that the caller was handling when it made the call, which then hangs on ours."""
    with pytest.raises(LookupError) as outer:
        _looked_up()
    kept = [trace.frame.f_locals.get("precious") for trace in outer.traceback]
    assert kept[-1] == "kept"
    assert list(_suspended()) == [None]


def _looked_up() -> None:
    try:
        _missed()
    except LookupError:
        with pytest.raises(ClicksoapError) as failed:
            Client(**settings(endpoint="http://localhost:1")).balance()
        assert told(failed.value) == []
        raise


def _missed() -> None:
    precious = "kept"
    raise LookupError(precious)


def _suspended() -> Iterator[None]:
    precious = "kept"
    try:
        raise LookupError
    except LookupError:
        with pytest.raises(ClicksoapError):
            Client(**settings(endpoint="http://localhost:1")).balance()
        yield
    assert precious == "kept"
