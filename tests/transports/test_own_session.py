"""A caller's own requests.Session keeps its powers, and the outcomes stay as honest."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from rawserver import Gateway, RawServer, Received, answering, command, envelope, reply
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth

from clicksoap import Client, ConfigurationError, OutcomeUnknown, Timeout, TransportTimeout

Connect = Callable[..., Client]
TO = "27820001234"


@pytest.fixture
def facade() -> type[Client]:
    """Only threads do this."""
    return Client


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


def headers(received: Received) -> dict[str, str]:
    lines = received.head.decode().split("\r\n")[1:]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


def test_its_auth_headers_and_cookies_are_seen_by_the_server(connect: Connect, session: requests.Session) -> None:
    session.auth = HTTPBasicAuth("one", "two")
    session.headers["X-Mine"] = "yes"
    with RawServer(Gateway(headers=("Set-Cookie: a=b; Path=/",))) as server:
        connect(server.origin, session=session).send(TO, "x")
    first, second = (headers(received) for received in server.requests)
    assert (first["authorization"], first["x-mine"]) == ("Basic b25lOnR3bw==", "yes")
    assert (first.get("cookie"), second.get("cookie")) == (None, "a=b")


def test_contract_s_headers_are_stronger_than_the_session_s(connect: Connect, session: requests.Session) -> None:
    session.headers.update({"Content-Type": "application/json", "Accept-Encoding": "br"})
    with RawServer(Gateway()) as server:
        connect(server.origin, session=session, user_agent_extra="mine/1").send(TO, "x")
    for received in server.requests:
        seen = headers(received)
        assert seen["content-type"] == "text/xml; charset=utf-8"
        assert seen["accept-encoding"] == "gzip"
        assert seen["soapaction"].endswith('"')
        assert seen["user-agent"].endswith("mine/1")


@pytest.mark.parametrize("read", [False, True])
def test_its_hooks_see_each_reply_and_may_read_it(read: bool, connect: Connect, session: requests.Session) -> None:  # noqa: FBT001 - a parameter of the test
    seen = []

    def hook(response: requests.Response, *_: Any, **__: Any) -> None:
        seen.append(response.text if read else response.status_code)

    session.hooks["response"].append(hook)
    with RawServer(Gateway()) as server:
        report = connect(server.origin, session=session).send(TO, "x")
    assert len(report.accepted) == 1
    assert len(seen) == 2


def test_its_adapters_carry_the_requests(connect: Connect, session: requests.Session) -> None:
    carried = []

    class Counting(HTTPAdapter):
        def send(self, request: requests.PreparedRequest, **named: Any) -> requests.Response:  # type: ignore[override]
            carried.append(request.url)
            return super().send(request, **named)

    session.mount("http://localhost", Counting())
    with RawServer(Gateway()) as server:
        connect(server.origin, session=session).send(TO, "x")
    assert len(carried) == 2


def test_it_is_left_open(session: requests.Session) -> None:
    with RawServer(Gateway()) as server:
        named: dict[str, Any] = {"endpoint": server.origin, "session": session}
        for _ in range(3):
            with Client(1, "acme", "correct-horse-battery", **named) as client:
                client.balance()
        client.balance()
    assert server.connections == 1


def test_no_redirect_is_followed(connect: Connect, session: requests.Session) -> None:
    with RawServer(Gateway()) as elsewhere:
        place = f"Location: {elsewhere.origin}/"
        moved = answering(reply(b"", "302 Found", headers=(place,)))
        with RawServer(Gateway({"sendmsg": moved})) as server:
            client = connect(server.origin, session=session)
            with pytest.raises(OutcomeUnknown):
                client.send(TO, "x")
    assert elsewhere.connections == 0
    assert [command(received) for received in server.requests] == ["auth", "sendmsg"]


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\n\r\n"], ids=["nothing", "a body"])
def test_time_limits_hold_between_two_arrivals_of_data(
    start: bytes, connect: Connect, session: requests.Session
) -> None:
    def silent(connection: Any, _: Received) -> None:
        connection.sendall(start)
        server.closing.wait()

    with RawServer(Gateway({"sendmsg": silent})) as server:
        client = connect(server.origin, session=session)
        client.authenticate()  # under patient limits: on a busy machine it may take longer than the next ones allow
        hurried = client.with_options(timeout=Timeout(connect=0.3, read=0.3, total=0.6))
        with pytest.raises(OutcomeUnknown) as caught:
            hurried.send(TO, "x")
    assert isinstance(caught.value.cause, TransportTimeout)


def test_total_limit_holds_between_the_chunks_of_a_trickling_body(connect: Connect, session: requests.Session) -> None:
    def trickle(connection: Any, _: Received) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not server.closing.wait(0.05):
            connection.sendall(b"1\r\n \r\n")

    with RawServer(Gateway({"sendmsg": trickle})) as server:
        client = connect(server.origin, session=session)
        client.authenticate()  # under patient limits: on a busy machine it may take longer than the next ones allow
        hurried = client.with_options(timeout=Timeout(connect=0.3, read=0.3, total=0.6))
        with pytest.raises(OutcomeUnknown) as caught:
            hurried.send(TO, "x")
    assert isinstance(caught.value.cause, TransportTimeout)


@pytest.mark.parametrize("also", [{"proxy": "http://localhost:1"}, {"ca": "x"}, {"client_cert": "x"}], ids=str)
def test_what_belongs_to_the_session_is_not_taken_beside_it(
    also: dict[str, str], connect: Connect, session: requests.Session
) -> None:
    with pytest.raises(ConfigurationError, match="session="):
        connect("https://localhost", session=session, **also)


def test_its_retries_are_its_own_affair_but_ours_are_none(connect: Connect, session: requests.Session) -> None:
    with RawServer(Gateway({"sendmsg": answering(reply(b"", "503 Later", headers=("Retry-After: 0",)))})) as server:
        client = connect(server.origin, session=session)
        with pytest.raises(OutcomeUnknown):
            client.send(TO, "x")
    assert len(server.requests) == 2


def test_rpc_encoded_goes_the_same_way(connect: Connect, session: requests.Session) -> None:
    with RawServer(Gateway()) as server:
        client = connect(server.origin, session=session, binding="rpc_encoded")
        assert len(client.send([TO, "27820001235"], "x").accepted) == 2


def test_login_is_renewed_as_usual(connect: Connect, session: requests.Session) -> None:
    gateway = Gateway()
    refusals = iter([False, True])

    def expiring(connection: Any, received: Received) -> None:
        if next(refusals, False):
            connection.sendall(reply(envelope("ERR: 003, Session ID expired")))
        else:
            gateway.usual(connection, received)

    gateway.answers["getbalance"] = expiring
    with RawServer(gateway) as server:
        client = connect(server.origin, session=session)
        client.balance()
        client.balance()
    assert len(gateway.sessions) == 2
