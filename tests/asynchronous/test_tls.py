"""TLS is verified, new enough, and can be given its own authority and a client's certificate."""

import socket
import ssl
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
from rawserver import Gateway, Hangup, RawServer, answering

from clicksoap import AsyncClient, ConfigurationError, NotSent, TransportError, TransportTimeout
from clicksoap.transports import tls as tls_settings

Connect = Callable[..., AsyncClient]
Tls = Callable[..., ssl.SSLContext]
TO = "27820001234"


async def refused(client: AsyncClient) -> str:
    async with client:
        with pytest.raises(NotSent) as caught:
            await client.send(TO, "x")
    assert isinstance(caught.value.cause, TransportError)
    assert not isinstance(caught.value.cause, TransportTimeout)
    assert not caught.value.retryable
    return str(caught.value)


async def test_one_client_s_authority_is_not_another_s(
    connect: Connect, tls: Tls, ca_file: Path, tmp_path: Path
) -> None:
    stranger = tmp_path / "stranger.pem"
    trustme.CA().cert_pem.write_to_path(str(stranger))
    with RawServer(Gateway(), tls()) as server:
        async with connect(server.origin, ca=str(ca_file)) as sms:
            assert len((await sms.send(TO, "x")).accepted) == 1
        assert "not trusted" in await refused(connect(server.origin))
        assert "not trusted" in await refused(connect(server.origin, ca=str(stranger)))
        async with connect(server.origin, ca=ca_file) as sms:
            await sms.authenticate()


async def test_certificate_of_another_host_is_refused(connect: Connect, tls: Tls, ca_file: Path) -> None:
    with RawServer(Gateway(), tls("other.example")) as server:
        assert "localhost" in await refused(connect(server.origin, ca=str(ca_file)))
    assert server.requests == []


def offered_versions(hello: bytes) -> set[int]:
    """The versions that a ClientHello offers (RFC 8446, 4.1.2 and 4.2.1)."""
    at = 5 + 4 + 2 + 32
    at += 1 + hello[at]  # session id
    at += 2 + struct.unpack_from(">H", hello, at)[0]  # cipher suites
    at += 1 + hello[at]  # compression
    end = at + 2 + struct.unpack_from(">H", hello, at)[0]
    at += 2
    while at < end:
        kind, length = struct.unpack_from(">HH", hello, at)
        at += 4
        if kind == 43:
            return set(struct.unpack_from(f">{hello[at] // 2}H", hello, at + 1))
        at += length
    return {struct.unpack_from(">H", hello, 9)[0]}


async def test_nothing_older_than_tls_1_2_is_offered(connect: Connect, ca_file: Path) -> None:
    hellos = []

    def on_connect(connection: socket.socket) -> None:
        hellos.append(connection.recv(16384))
        raise Hangup

    with RawServer(answering(b""), on_connect=on_connect) as server:
        for named in ({}, {"ca": str(ca_file)}):
            async with connect(f"https://localhost:{server.port}", **named) as sms:
                with pytest.raises(NotSent):
                    await sms.send(TO, "x")
    assert [offered_versions(hello) for hello in hellos] == [{0x0303, 0x0304}] * 2


@pytest.fixture
def identity(authority: trustme.CA, tmp_path: Path) -> tuple[str, str, str]:
    """A client's certificate with its key in one file, and the two in a file each."""
    leaf = authority.issue_cert("client@acme.example")
    both, certificate, key = (tmp_path / name for name in ("both.pem", "certificate.pem", "key.pem"))
    leaf.private_key_and_cert_chain_pem.write_to_path(str(both))
    leaf.cert_chain_pems[0].write_to_path(str(certificate))
    leaf.private_key_pem.write_to_path(str(key))
    return str(both), str(certificate), str(key)


@pytest.fixture
def asking(authority: trustme.CA, tls: Tls) -> ssl.SSLContext:
    """A server's context that asks for a client's certificate."""
    context = tls()
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


@pytest.mark.parametrize("files", [1, 2])
async def test_client_certificate_in_one_file_or_two(
    files: int, connect: Connect, asking: ssl.SSLContext, ca_file: Path, identity: tuple[str, str, str]
) -> None:
    both, *two = identity
    given = both if files == 1 else tuple(two)
    with RawServer(Gateway(), asking) as server:
        async with connect(server.origin, ca=str(ca_file), client_cert=given) as sms:
            assert len((await sms.send(TO, "x")).accepted) == 1


async def test_missing_client_certificate_is_a_failure_of_tls(
    connect: Connect, asking: ssl.SSLContext, ca_file: Path
) -> None:
    asking.maximum_version = ssl.TLSVersion.TLSv1_2
    with RawServer(Gateway(), asking) as server:
        await refused(connect(server.origin, ca=str(ca_file)))
    assert server.requests == []


async def test_missing_client_certificate_is_an_error_in_tls_1_3_too(
    connect: Connect, asking: ssl.SSLContext, ca_file: Path
) -> None:
    """There the server refuses after the client's side of the handshake has ended."""
    with RawServer(Gateway(), asking) as server:
        async with connect(server.origin, ca=str(ca_file)) as sms:
            with pytest.raises(TransportError) as caught:
                await sms.balance()
    assert not caught.value.may_have_taken_effect
    assert server.requests == []


def test_ca_and_client_certificate_that_are_none_are_refused_at_once(connect: Connect, tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.pem")
    for name in ("ca", "client_cert"):
        with pytest.raises(ConfigurationError, match=rf"\b{name}="):
            connect("https://localhost", **{name: missing})


async def test_certificates_are_read_once(
    connect: Connect, tls: Tls, ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading them blocks, so nothing is read again on the loop."""
    read = []

    def reading(*given: object) -> ssl.SSLContext:
        read.append(given)
        return make(*given)  # type: ignore[arg-type]

    make = tls_settings._new_tls_context
    monkeypatch.setattr(tls_settings, "_new_tls_context", reading)
    with RawServer(Gateway(), tls()) as server:
        async with connect(server.origin, ca=str(ca_file)) as sms:
            await sms.balance()
            await sms.close()
            await sms.balance()
    assert read == [(str(ca_file), None)]


async def test_connection_is_kept_over_tls(connect: Connect, tls: Tls, ca_file: Path) -> None:
    with RawServer(Gateway(), tls()) as server:
        async with connect(server.origin, ca=str(ca_file)) as sms:
            for _ in range(20):
                await sms.balance()
    assert (server.connections, len(server.requests)) == (1, 21)
