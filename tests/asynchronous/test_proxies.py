"""A proxy is used where one is given, for all and with its credentials; the environment changes nothing."""

import base64
import contextlib
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rawserver import Gateway, Hangup, RawServer, Received, answering, reply, tunnel

from clicksoap import AsyncClient, Client, ConfigurationError, NotSent

Connect = Callable[..., AsyncClient]
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


def headers(received: Received) -> dict[str, str]:
    lines = received.head.decode().split("\r\n")[1:]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


BASIC = "Basic " + base64.b64encode(b"some one:p@ss:word").decode()
WITH_CREDENTIALS = "some%20one:p%40ss%3Aword@"


async def test_plain_http_goes_to_the_proxy_with_its_whole_address(connect: Connect) -> None:
    """The host is none that could be found: only the proxy has to know it."""
    target = "http://gateway.example:8080/soap/document_literal/webservice?x=1"
    with RawServer(Gateway()) as proxy:
        async with connect(
            target,
            proxy=f"http://{WITH_CREDENTIALS}localhost:{proxy.port}",
            binding="document_literal",
            allow_plaintext=True,
        ) as sms:
            assert len((await sms.send(TO, "x")).accepted) == 1
    for received in proxy.requests:
        assert received.head.split(b"\r\n")[0] == f"POST {target} HTTP/1.1".encode()
        assert headers(received)["host"] == "gateway.example:8080"
        assert headers(received)["proxy-authorization"] == BASIC
    assert len(proxy.requests) == 2
    assert proxy.connections == 1


async def test_https_goes_through_a_tunnel_that_the_credentials_open(connect: Connect, tls: Tls, ca_file: Path) -> None:
    with RawServer(Gateway(), tls("gateway.example")) as server, RawServer(tunnel) as proxy:
        async with connect(
            f"https://gateway.example:{server.port}",
            proxy=f"http://{WITH_CREDENTIALS}localhost:{proxy.port}",
            ca=str(ca_file),
        ) as sms:
            assert len((await sms.send(TO, "x")).accepted) == 1
    (opening,) = proxy.requests
    assert opening.head.split()[:2] == [b"CONNECT", f"gateway.example:{server.port}".encode()]
    assert headers(opening)["proxy-authorization"] == BASIC
    assert not any("proxy-authorization" in headers(received) for received in server.requests)
    assert len(server.requests) == 2
    assert server.connections == 1


async def test_certificate_behind_a_tunnel_is_verified_against_the_gateway_s_name(
    connect: Connect, tls: Tls, ca_file: Path
) -> None:
    with RawServer(Gateway(), tls("localhost")) as server, RawServer(tunnel) as proxy:
        async with connect(f"https://gateway.example:{server.port}", proxy=proxy.origin, ca=str(ca_file)) as sms:
            with pytest.raises(NotSent, match="certificate"):
                await sms.send(TO, "x")
    assert server.requests == []


async def test_proxy_may_speak_tls_itself(connect: Connect, tls: Tls, ca_file: Path) -> None:
    with RawServer(Gateway(), tls()) as server, RawServer(TlsPump(), tls()) as proxy:
        async with connect(server.origin, proxy=proxy.origin, ca=str(ca_file)) as sms:
            assert len((await sms.send(TO, "x")).accepted) == 1
    assert server.connections == 1
    with RawServer(Gateway(), tls()) as forwarding:
        named = {"ca": str(ca_file), "allow_plaintext": True}
        async with connect("http://gateway.example", proxy=forwarding.origin, **named) as sms:
            assert len((await sms.send(TO, "x")).accepted) == 1
    assert forwarding.requests[0].head.startswith(b"POST http://gateway.example/")


async def test_proxy_that_speaks_tls_has_to_be_trusted(connect: Connect, tls: Tls) -> None:
    with RawServer(TlsPump(), tls()) as proxy:
        async with connect("https://localhost:1", proxy=proxy.origin) as sms:
            with pytest.raises(NotSent, match="not trusted"):
                await sms.send(TO, "x")
    assert proxy.requests == []


def test_proxy_that_is_none_is_refused_at_once_without_its_credentials(connect: Connect) -> None:
    with pytest.raises(ConfigurationError, match="proxy=") as caught:
        connect("https://localhost", proxy="socks5://one:p4ssw0rd@localhost:1080")
    assert "p4ssw0rd" not in str(caught.value)


async def test_environment_changes_nothing(
    connect: Connect, tls: Tls, ca_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither its proxies, nor its authorities, nor the passwords of a .netrc; and NO_PROXY keeps nothing from ours."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine localhost login someone password else\n")
    with RawServer(Gateway()) as trap:
        for name in ("http_proxy", "https_proxy", "all_proxy", "ws_proxy"):
            monkeypatch.setenv(name, trap.origin)
            monkeypatch.setenv(name.upper(), trap.origin)
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
            monkeypatch.setenv(name, str(ca_file))
        monkeypatch.setenv("NETRC", str(netrc))
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        with RawServer(Gateway()) as server:
            async with connect(server.origin) as sms:
                await sms.balance()
            assert len(server.requests) == 2
            assert not any("authorization" in headers(received) for received in server.requests)
        with RawServer(Gateway(), tls()) as server:
            async with connect(server.origin) as sms:
                with pytest.raises(NotSent, match="not trusted"):
                    await sms.send(TO, "x")
            async with connect(server.origin, ca=str(ca_file)) as sms:
                await sms.balance()
        with RawServer(Gateway()) as proxy:
            monkeypatch.setenv("NO_PROXY", "*")
            async with connect("http://gateway.example", proxy=proxy.origin, allow_plaintext=True) as sms:
                await sms.balance()
            assert len(proxy.requests) == 2
    assert trap.connections == 0


async def test_cookies_are_not_sent_back(connect: Connect) -> None:
    with RawServer(Gateway(headers=("Set-Cookie: a=b; Path=/",))) as server:
        async with connect(server.origin) as sms:
            await sms.balance()
            await sms.balance()
    assert ["cookie" in headers(received) for received in server.requests] == [False] * 3


@pytest.mark.parametrize("settings", [{}, {"binding": "http"}, {"binding": "http", "http_method": "GET"}])
async def test_both_clients_put_the_same_on_the_wire(settings: dict[str, Any], connect: Connect) -> None:
    """But for what the libraries say of the connection and of what they would accept."""
    named = {"auth": "credentials", "headers": {"X-Mine": "yes"}, "user_agent_extra": "mine/1", **settings}
    answer = reply(f"ID: {1:032x}".encode(), content_type="text/plain") if settings else None
    with RawServer(answering(answer) if answer else Gateway()) as server:
        async with connect(server.origin, **named) as sms:
            await sms.send(TO, "meet me", client_message_id="a" * 32)
        with Client(123456, "acme", "correct-horse-battery", endpoint=server.origin, **named) as client:
            client.send(TO, "meet me", client_message_id="a" * 32)
    seen = []
    for received in server.requests:
        kept = {name: value for name, value in headers(received).items() if name not in {"accept", "connection"}}
        seen.append((received.head.split(b"\r\n")[0], kept, received.body))
    assert len(seen) == 2
    assert seen[0] == seen[1]
