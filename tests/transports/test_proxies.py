"""A proxy is used where one is given, for all and with its credentials; the environment changes nothing."""

import base64
import contextlib
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from facades import FACADES
from rawserver import Gateway, Hangup, RawServer, Received, answering, envelope, reply, tunnel

from clicksoap import Client, ConfigurationError, NotSent
from clicksoap.transports.tls import proxy_headers

Connect = Callable[..., Client]
Tls = Callable[..., ssl.SSLContext]
TO = "27820001234"


class TlsPump:
    """A tunnel whose client side is TLS; an SSL connection takes no two threads, so each way waits its turn."""

    def __call__(self, connection: socket.socket, received: Received) -> None:
        port = int(received.head.split()[1].rpartition(b":")[2])
        with socket.create_connection(("127.0.0.1", port)) as onward, contextlib.suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            for each in (connection, onward):
                each.settimeout(0.005)
            while True:
                for source, sink in ((connection, onward), (onward, connection)):
                    with contextlib.suppress(TimeoutError):
                        data = source.recv(65536)
                        if not data:
                            raise Hangup
                        sink.sendall(data)
        raise Hangup


def header(received: Received, name: str) -> str | None:
    for line in received.head.decode().split("\r\n")[1:]:
        key, _, value = line.partition(": ")
        if key.lower() == name:
            return value
    return None


BASIC = "Basic " + base64.b64encode(b"some one:p@ss:word").decode()
WITH_CREDENTIALS = "some%20one:p%40ss%3Aword@"


def test_plain_http_goes_to_the_proxy_with_its_whole_address(connect: Connect) -> None:
    """The host is none that could be found: only the proxy has to know it."""
    with RawServer(Gateway()) as proxy:
        client = connect(
            "http://gateway.example:8080/soap/document_literal/webservice?x=1",
            proxy=f"http://{WITH_CREDENTIALS}localhost:{proxy.port}",
            binding="document_literal",
            allow_plaintext=True,
        )
        assert len(client.send(TO, "x").accepted) == 1
    target = "http://gateway.example:8080/soap/document_literal/webservice?x=1"
    for received in proxy.requests:
        assert received.head.split(b"\r\n")[0] == f"POST {target} HTTP/1.1".encode()
        assert header(received, "host") == "gateway.example:8080"
        assert header(received, "proxy-authorization") == BASIC
    assert proxy.connections == 1


def test_https_goes_through_a_tunnel_that_the_credentials_open(connect: Connect, tls: Tls, ca_file: Path) -> None:
    with RawServer(Gateway(), tls("gateway.example")) as server, RawServer(tunnel) as proxy:
        client = connect(
            f"https://gateway.example:{server.port}",
            proxy=f"http://{WITH_CREDENTIALS}localhost:{proxy.port}",
            ca=str(ca_file),
        )
        assert len(client.send(TO, "x").accepted) == 1
        client.close()
    (opening,) = proxy.requests
    assert opening.head.split()[:2] == [b"CONNECT", f"gateway.example:{server.port}".encode()]
    assert header(opening, "proxy-authorization") == BASIC
    assert [header(received, "proxy-authorization") for received in server.requests] == [None, None]
    assert server.connections == 1


def strict(connection: socket.socket, received: Received) -> None:
    """Open a tunnel only for a request that RFC 9110 and RFC 9112 allow."""
    line, *fields = received.head.decode().split("\r\n")
    method, target, version = line.split(" ")
    hosts = [field.partition(": ")[2] for field in fields if field.lower().startswith("host:")]
    named = {field.partition(":")[0].lower() for field in fields}
    if (method, version, hosts) != ("CONNECT", "HTTP/1.1", [target]) or named & {"content-length", "transfer-encoding"}:
        connection.sendall(reply(b"", "400 Bad Request"))
    elif header(received, "proxy-authorization") not in {None, BASIC}:
        connection.sendall(reply(b"", "407 Credentials"))
    else:
        tunnel(connection, received)


@pytest.mark.parametrize("host", ["gateway.example", "localhost"])
@pytest.mark.parametrize("credentials", ["", WITH_CREDENTIALS])
def test_strict_proxy_opens_the_tunnel(host: str, credentials: str, connect: Connect, tls: Tls, ca_file: Path) -> None:
    """CONNECT goes out as HTTP/1.1 with a Host, whatever the version of Python."""
    with RawServer(Gateway(), tls(host)) as server, RawServer(strict) as proxy:
        client = connect(
            f"https://{host}:{server.port}", proxy=f"http://{credentials}localhost:{proxy.port}", ca=str(ca_file)
        )
        assert len(client.send(TO, "x").accepted) == 1
        client.close()
    (opening,) = proxy.requests
    assert opening.head.split(b"\r\n")[0] == f"CONNECT {host}:{server.port} HTTP/1.1".encode()
    assert header(opening, "host") == f"{host}:{server.port}"
    assert header(opening, "proxy-authorization") == (BASIC if credentials else None)


def test_certificate_behind_a_tunnel_is_verified_against_the_gateway_s_name(
    connect: Connect, tls: Tls, ca_file: Path
) -> None:
    with RawServer(Gateway(), tls("localhost")) as server, RawServer(tunnel) as proxy:
        client = connect(f"https://gateway.example:{server.port}", proxy=proxy.origin, ca=str(ca_file))
        with pytest.raises(NotSent, match="certificate"):
            client.send(TO, "x")
        client.close()
    assert server.requests == []


def test_proxy_may_speak_tls_itself(connect: Connect, tls: Tls, ca_file: Path) -> None:
    with RawServer(Gateway(), tls()) as server, RawServer(TlsPump(), tls()) as proxy:
        client = connect(server.origin, proxy=proxy.origin, ca=str(ca_file))
        assert len(client.send(TO, "x").accepted) == 1
        client.close()
    with RawServer(Gateway(), tls()) as forwarding:
        client = connect("http://gateway.example", proxy=forwarding.origin, ca=str(ca_file), allow_plaintext=True)
        assert len(client.send(TO, "x").accepted) == 1
    assert forwarding.requests[0].head.startswith(b"POST http://gateway.example/")


def test_reply_that_nobody_asked_for_answers_nobody_within_two_layers_of_tls(
    connect: Connect, tls: Tls, ca_file: Path
) -> None:
    """What came with the answer waits within TLS, where the socket shows nothing of it."""

    def answer(connection: socket.socket, _: Received) -> None:
        connection.sendall(reply(envelope(f"ID: right To: {TO}")))
        connection.sendall(reply(envelope(f"ID: stray To: {TO}")))

    with RawServer(answer, tls()) as server, RawServer(TlsPump(), tls()) as proxy:
        client = connect(server.origin, proxy=proxy.origin, ca=str(ca_file), auth="credentials")
        assert [client.send(TO, "x")[0].message_id for _ in range(4)] == ["right"] * 4
        client.close()


@pytest.mark.parametrize("host", ["gateway.example", "[::1]"])
@pytest.mark.parametrize(("port", "asked"), [("", "443"), (":", "443"), (":443", "443"), (":8443", "8443")])
def test_tunnel_is_asked_for_by_host_and_port(host: str, port: str, asked: str, connect: Connect) -> None:
    with RawServer(answering(reply(b"", "403 No"))) as proxy:
        with pytest.raises(NotSent):
            connect(f"https://{host}{port}", proxy=proxy.origin).send(TO, "x")
        assert proxy.requests[0].head.split()[1] == f"{host}:{asked}".encode()


@pytest.mark.parametrize("status", ["200 OK", "502 Bad gateway"])
def test_tunnel_whose_answer_is_packed_in_an_unknown_way_is_none_that_anything_left_through(
    status: str, connect: Connect
) -> None:
    def answer(connection: socket.socket, _: Received) -> None:
        connection.sendall(reply(b"", status, headers=("Content-Encoding: br", "Connection: close")))
        raise Hangup

    with RawServer(answer) as proxy, pytest.raises(NotSent):
        connect("https://localhost:1", proxy=proxy.origin, auth="credentials").send(TO, "x")


def test_proxy_that_speaks_tls_has_to_be_trusted(connect: Connect, tls: Tls) -> None:
    with RawServer(TlsPump(), tls()) as proxy, pytest.raises(NotSent, match="not trusted"):
        connect("https://localhost:1", proxy=proxy.origin).send(TO, "x")
    assert proxy.requests == []


def test_proxy_that_asks_for_a_client_certificate_gets_it_and_so_does_the_gateway_behind(
    connect: Connect, asking: ssl.SSLContext, ca_file: Path, identity: tuple[str, str, str]
) -> None:
    with RawServer(Gateway(), asking) as server, RawServer(TlsPump(), asking) as proxy:
        client = connect(server.origin, proxy=proxy.origin, ca=str(ca_file), client_cert=identity[0])
        assert len(client.send([TO, "27820001235"], "x").accepted) == 2
        client.close()
        anonymous = connect(server.origin, proxy=proxy.origin, ca=str(ca_file))
        with pytest.raises(NotSent):
            anonymous.send(TO, "x")
        anonymous.close()
    assert len(server.requests) == 2  # a login and a message, both of the client with the certificate
    with RawServer(Gateway(), asking) as forwarding:
        client = connect(
            "http://gateway.example",
            proxy=forwarding.origin,
            ca=str(ca_file),
            client_cert=identity[0],
            allow_plaintext=True,
        )
        assert len(client.send(TO, "x").accepted) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "localhost:3128",
        "socks5://localhost:1080",
        "http://",
        "http://:3128",
        "http://[::1",
        "http://localhost:port",
        "http://localhost:99999",
        "http://local host:3128",
        "http://localhost:3128\r\nX: y",
        "http://%E2%82%AC:x@localhost:3128",
        5,
    ],
)
def test_proxy_that_is_none_is_refused_at_once(wrong: object, connect: Connect) -> None:
    with pytest.raises(ConfigurationError, match="proxy="):
        connect("https://localhost", proxy=wrong)


def test_refused_proxy_does_not_show_its_credentials(connect: Connect) -> None:
    with pytest.raises(ConfigurationError) as caught:
        connect("https://localhost", proxy="socks5://one:p4ssw0rd@localhost:1080")
    assert "p4ssw0rd" not in str(caught.value)


def test_environment_changes_nothing(
    connect: Connect,
    tls: Tls,
    ca_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither its proxies, nor its authorities, nor the passwords of a .netrc; and NO_PROXY keeps nothing from ours."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine localhost login someone password else\n")
    with RawServer(Gateway()) as trap:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, trap.origin)
            monkeypatch.setenv(name.upper(), trap.origin)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.setenv(name, "localhost,gateway.example")
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
            monkeypatch.setenv(name, str(ca_file))
        monkeypatch.setenv("NETRC", str(netrc))
        with RawServer(Gateway()) as server:
            connect(server.origin).balance()
            assert [header(received, "authorization") for received in server.requests] == [None, None]
            monkeypatch.delenv("no_proxy")
            monkeypatch.delenv("NO_PROXY")
            connect(server.origin).balance()
        with RawServer(Gateway(), tls()) as server:
            with pytest.raises(NotSent, match="not trusted"):
                connect(server.origin).send(TO, "x")
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing.pem"))
            connect(server.origin, ca=str(ca_file)).balance()
        with RawServer(Gateway()) as proxy:
            monkeypatch.setenv("NO_PROXY", "*")
            connect("http://gateway.example", proxy=proxy.origin, allow_plaintext=True).balance()
            assert len(proxy.requests) == 2
    assert trap.connections == 0


def test_cookies_are_not_sent_back(connect: Connect) -> None:
    with RawServer(Gateway(headers=("Set-Cookie: a=b; Path=/",))) as server:
        client = connect(server.origin)
        client.balance()
        client.balance()
    assert [header(received, "cookie") for received in server.requests] == [None] * 3


@pytest.mark.parametrize("settings", [{}, {"binding": "http"}, {"binding": "http", "http_method": "GET"}])
def test_both_clients_put_the_same_on_the_wire(settings: dict[str, Any]) -> None:
    named = {"auth": "credentials", "headers": {"X-Mine": "yes"}, "user_agent_extra": "mine/1", **settings}
    answer = reply(f"ID: {1:032x}".encode(), content_type="text/plain") if settings else None
    with RawServer(answering(answer) if answer else Gateway()) as server:
        for facade in FACADES.values():
            with facade(123456, "acme", "correct-horse-battery", endpoint=server.origin, **named) as client:
                client.send(TO, "meet me", client_message_id="a" * 32)
    threads, tasks = server.requests
    assert threads.head == tasks.head
    assert threads.body == tasks.body


@pytest.mark.parametrize(
    ("proxy", "sent"),
    [
        ("http://acme:secret@localhost:1", {"Proxy-Authorization": "Basic YWNtZTpzZWNyZXQ="}),
        ("http://acme@localhost:1", {}),  # as requests has it: credentials are a user and a password
        ("http://localhost:1", {}),
    ],
)
def test_credentials_for_a_proxy_are_a_user_and_a_password(proxy: str, sent: dict[str, str]) -> None:
    assert proxy_headers(proxy) == sent
