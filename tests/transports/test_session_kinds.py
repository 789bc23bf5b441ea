"""Sessions of many kinds carry the same requests and tell the same outcomes as connections of our own."""

import gzip
import http.client
import io
import ssl
import sys
from collections.abc import Callable
from typing import Any

import pytest
import requests
import urllib3
from rawserver import RawServer, answering, envelope, message_id, reply
from requests.adapters import HTTPAdapter
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    SSLError,
)
from urllib3.response import HTTPResponse
from urllib3.util import Retry as UrllibRetry

from clicksoap import ClicksoapError, Client, NotSent, OutcomeUnknown, TransportError

Connect = Callable[..., Client]
TO = "27820001234"


@pytest.fixture
def facade() -> type[Client]:
    """Only threads do this."""
    return Client


class LoggingIn(requests.Session):
    """Adds its token in `request`, as sessions of OAuth do."""

    def request(self, method: str, url: str, data: Any = None, headers: Any = None, **named: Any) -> Any:  # type: ignore[override]
        return super().request(method, url, data=data, headers={**headers, "Authorization": "Bearer t"}, **named)


class Kept(HTTPAdapter):
    """Hands back what a recorder has kept of a response."""

    def __init__(self, keep: Callable[[requests.Response, bytes], None]) -> None:
        super().__init__()
        self._keep = keep

    def send(self, request: requests.PreparedRequest, **named: Any) -> requests.Response:  # type: ignore[override]
        response = super().send(request, **{**named, "stream": False})
        content = response.content
        response.__dict__.update(_content=False, _content_consumed=False)
        self._keep(response, content)
        return response


def as_file(response: requests.Response, content: bytes) -> None:
    response.raw = io.BytesIO(content)


def as_bytes(response: requests.Response, content: bytes) -> None:
    response.raw = content


def as_content(response: requests.Response, content: bytes) -> None:
    response.raw = None
    response._content = content


def as_decoded_raw(response: requests.Response, content: bytes) -> None:
    headers = dict(response.headers)
    response.raw = HTTPResponse(io.BytesIO(content), headers, response.status_code, preload_content=False)


def as_packed_raw(response: requests.Response, content: bytes) -> None:
    headers = dict(response.headers)
    packed = gzip.compress(content) if response.headers.get("Content-Encoding") == "gzip" else content
    response.raw = HTTPResponse(io.BytesIO(packed), headers, response.status_code, preload_content=False)


def as_preloaded_raw(response: requests.Response, content: bytes) -> None:
    headers = {name: value for name, value in response.headers.items() if name.lower() != "content-encoding"}
    response.raw = HTTPResponse(content, headers, response.status_code)


def raising(response: requests.Response, *_: Any, **__: Any) -> None:
    response.raise_for_status()


def reading(response: requests.Response, *_: Any, **__: Any) -> None:
    assert response.content is not None


class OwnError(Exception):
    """What a hook makes of an HTTPError."""


def raising_its_own(response: requests.Response, *_: Any, **__: Any) -> None:
    try:
        response.raise_for_status()
    except requests.HTTPError as error:
        raise OwnError from error


def session_of(kind: str) -> requests.Session:
    session = LoggingIn() if kind == "logging in" else requests.Session()
    session.trust_env = False
    hooks: dict[str, list[Any]] = {
        "raising": [raising],
        "reading and raising": [reading, raising],
        "raising its own": [raising_its_own],
    }
    session.hooks["response"] += hooks.get(kind, [])
    if kind in KEEPERS:
        session.mount("http://", Kept(KEEPERS[kind]))
    return session


KEEPERS: dict[str, Callable[[requests.Response, bytes], None]] = {
    "a file": as_file,
    "bytes": as_bytes,
    "content": as_content,
    "a decoded raw": as_decoded_raw,
    "a packed raw": as_packed_raw,
    "a preloaded raw": as_preloaded_raw,
}
KINDS = ["plain", "logging in", "raising", "reading and raising", "raising its own", *KEEPERS]


def fault(code: str) -> bytes:
    return (
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault>'
        f"<faultcode>soap:{code}</faultcode><faultstring>no</faultstring>"
        "</soap:Fault></soap:Body></soap:Envelope>"
    ).encode()


OK = envelope(f"ID: {message_id(TO)} To: {TO}")
PACKED = ("Content-Encoding: gzip",)
HTML = b"<html>no</html>"
ANSWERS: dict[str, bytes] = {
    "accepted": reply(OK),
    "accepted, packed": reply(gzip.compress(OK), headers=PACKED),
    "rejected": reply(envelope(f"ERR: 105, Invalid destination address To: {TO}")),
    "credit": reply(envelope("ERR: 301, No credit left")),
    "empty": reply(b""),
    "html": reply(HTML, content_type="text/html"),
    "302": reply(b"", "302 Found", headers=("Location: http://localhost:1/",)),
    "400": reply(HTML, "400 Bad Request", "text/html"),
    "401": reply(HTML, "401 Unauthorized", "text/html", ('WWW-Authenticate: Basic realm="x"',)),
    "404": reply(HTML, "404 Not Found", "text/html"),
    "404 and packed": reply(gzip.compress(HTML), "404 Not Found", "text/html", PACKED),
    "429": reply(HTML, "429 Too Many", "text/html", ("Retry-After: 1",)),
    "500": reply(HTML, "500 Oops", "text/html"),
    "503": reply(b"", "503 Later", headers=("Retry-After: 1",)),
    "fault of the client": reply(fault("Client"), "500 Oops"),
    "fault of the server, packed": reply(gzip.compress(fault("Server")), "500 Oops", headers=PACKED),
}


def outcome(client: Client) -> tuple[object, ...]:
    """All that a caller is told of a send."""
    try:
        report = client.send(TO, "x")
    except ClicksoapError as error:
        states = [result.state for result in error.report or ()]
        return type(error), type(error.cause), str(error), error.may_have_taken_effect, error.retryable, states
    return None, [(result.state, result.message_id) for result in report]


CARRIED = [
    (kind, answer)
    for kind in KINDS
    for answer in ANSWERS
    # requests itself reads the body of a redirect, and cannot read these.
    if not (answer == "302" and kind in {"bytes", "a preloaded raw"})
]


@pytest.mark.parametrize(("kind", "answer"), CARRIED)
def test_outcome_is_that_of_our_own_connections(kind: str, answer: str, connect: Connect) -> None:
    with RawServer(answering(ANSWERS[answer])) as server, session_of(kind) as session:
        ours = outcome(connect(server.origin, auth="credentials"))
        theirs = outcome(connect(server.origin, auth="credentials", session=session))
    assert theirs == ours
    assert len(server.requests) == 2


def test_token_that_a_session_adds_to_each_request_leaves(connect: Connect) -> None:
    with RawServer(answering(ANSWERS["accepted"])) as server, session_of("logging in") as session:
        connect(server.origin, auth="credentials", session=session).send(TO, "x")
    assert b"\r\nAuthorization: Bearer t\r\n" in server.requests[0].head + b"\r\n"


@pytest.mark.parametrize("kind", ["a file", "bytes", "content", "a decoded raw", "a preloaded raw"])
def test_kept_body_that_is_shorter_than_its_length_leaves_the_outcome_open(kind: str, connect: Connect) -> None:
    def short(response: requests.Response, content: bytes) -> None:
        KEEPERS[kind](response, content[:-1])

    answer = reply(f"ID: {message_id(TO)}".encode(), content_type="text/plain")
    with RawServer(answering(answer)) as server, session_of("plain") as session:
        session.mount("http://", Kept(short))
        client = connect(server.origin, auth="credentials", binding="http", session=session)
        with pytest.raises(OutcomeUnknown, match="ended before"):
            client.send(TO, "x")


def test_kept_bomb_is_left_at_the_cap(connect: Connect) -> None:
    def endless(response: requests.Response, _: bytes) -> None:
        del response.headers["Content-Length"]
        response.raw = io.BytesIO(b" " * 20_000_000)

    with RawServer(answering(ANSWERS["accepted"])) as server, session_of("plain") as session:
        session.mount("http://", Kept(endless))
        with pytest.raises(OutcomeUnknown, match="larger"):
            connect(server.origin, auth="credentials", session=session).send(TO, "x")


POOL = urllib3.HTTPConnectionPool("localhost")
CONNECTION = urllib3.connection.HTTPConnection("localhost")
REFUSED = NewConnectionError(CONNECTION, "refused")
UNNAMED = NameResolutionError("localhost", CONNECTION, OSError())  # type: ignore[arg-type]


def gave_up(reason: Exception) -> MaxRetryError:
    return MaxRetryError(POOL, "/", reason)


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def answer_to(url: str, status: int) -> requests.HTTPError:
    response = requests.Response()
    response.status_code, response.url, response._content = status, url, b""
    return requests.HTTPError("no", response=response)


BEFORE: dict[str, Exception] = {
    "ConnectTimeout": requests.ConnectTimeout(gave_up(ConnectTimeoutError())),
    "ConnectTimeout by itself": requests.ConnectTimeout(),
    "refused": requests.ConnectionError(gave_up(REFUSED)),
    "refused, of urllib3": REFUSED,
    "name not found": requests.ConnectionError(gave_up(UNNAMED)),
    "invalid URL": requests.exceptions.InvalidURL(),
    "no scheme": requests.exceptions.MissingSchema(),
    "unknown scheme": requests.exceptions.InvalidSchema(),
    "invalid header": requests.exceptions.InvalidHeader(),
    "invalid proxy": requests.exceptions.InvalidProxyURL(),
    "proxy refused": requests.exceptions.ProxyError(gave_up(ProxyError("Unable to connect to proxy", REFUSED))),
    "no tunnel": requests.exceptions.ProxyError(
        gave_up(ProxyError("Unable to connect to proxy", OSError("Tunnel connection failed: 407 No")))
    ),
    "certificate": requests.exceptions.SSLError(gave_up(SSLError(ssl.SSLCertVerificationError(1, "not trusted")))),
    "no bundle": OSError("Could not find a suitable TLS CA certificate bundle, invalid path: x"),
    "own error of a refusal": caused(OwnError(), requests.ConnectionError(gave_up(REFUSED))),
}
OPEN: dict[str, Exception] = {
    "ReadTimeout": requests.ReadTimeout(),
    "ReadTimeout behind a ConnectTimeout": caused(requests.ReadTimeout(), requests.ConnectTimeout()),
    "lost": requests.ConnectionError(ProtocolError("aborted", http.client.RemoteDisconnected("closed"))),
    "lost, by itself": requests.ConnectionError(),
    "chunks": requests.exceptions.ChunkedEncodingError(),
    "TLS": requests.exceptions.SSLError(gave_up(SSLError(ssl.SSLError(1, "bad record")))),
    "refusal without its response": requests.HTTPError(),
    "refusal of another request": answer_to("https://login.example/token", 404),
    "lost behind the answer to an earlier try": caused(requests.ConnectionError(), answer_to("URL", 401)),
    "reset": ConnectionResetError(),
    "a hook's own": OwnError(),
    "a mistake": TypeError(),
}


class Failing(requests.Session):
    """Fails in `request`."""

    def __init__(self, failure: Exception) -> None:
        super().__init__()
        self.failure = failure

    def request(self, method: str, url: str, **_: Any) -> Any:  # type: ignore[override]  # noqa: ARG002
        cause = self.failure.__cause__
        if isinstance(cause, requests.HTTPError) and cause.response is not None:
            cause.response.url = url
        raise self.failure


@pytest.mark.parametrize("name", BEFORE)
def test_failure_before_anything_left_is_told_as_not_sent(name: str, connect: Connect) -> None:
    with Failing(BEFORE[name]) as session, pytest.raises(NotSent) as caught:
        connect("http://localhost:1", session=session, auth="credentials").send(TO, "x")
    assert isinstance(caught.value.cause, TransportError)
    assert caught.value.cause.__cause__ is None
    assert caught.value.cause.__context__ is sys.exception()  # what the caller handles, and nothing else


@pytest.mark.parametrize("name", OPEN)
def test_failure_that_may_come_after_the_request_left_leaves_the_outcome_open(name: str, connect: Connect) -> None:
    with Failing(OPEN[name]) as session, pytest.raises(OutcomeUnknown) as caught:
        connect("http://localhost:1", session=session, auth="credentials").send(TO, "x")
    assert isinstance(caught.value.cause, TransportError)


@pytest.mark.parametrize(
    ("name", "expected"), [("refused", OutcomeUnknown), ("invalid URL", NotSent), ("no scheme", NotSent)]
)
def test_session_that_tries_again_may_have_sent_before_its_last_failure(
    name: str, expected: type[ClicksoapError], connect: Connect
) -> None:
    with Failing(BEFORE[name]) as session:
        session.mount("http://", HTTPAdapter(max_retries=UrllibRetry(3)))
        with pytest.raises(expected):
            connect("http://localhost:1", session=session, auth="credentials").send(TO, "x")


def test_session_that_returns_no_response_leaves_the_outcome_open(connect: Connect) -> None:
    class Silent(requests.Session):
        def request(self, *_: Any, **__: Any) -> Any:
            return None

    with Silent() as session, pytest.raises(OutcomeUnknown):
        connect("http://localhost:1", session=session, auth="credentials").send(TO, "x")
