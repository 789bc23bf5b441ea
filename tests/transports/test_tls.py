"""TLS is verified, new enough, and can be given its own authority and a client's certificate."""

import socket
import ssl
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
from facades import settings
from rawserver import Gateway, Hangup, RawServer, answering

from clicksoap import Client, ConfigurationError, NotSent, TransportError, TransportTimeout
from clicksoap.transports.tls import _default_context

Connect = Callable[..., Client]
Tls = Callable[..., ssl.SSLContext]
TO = "27820001234"


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of another authority."""
    path = tmp_path_factory.mktemp("stranger") / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    return path


def refused(client: Client) -> str:
    with pytest.raises(NotSent) as caught:
        client.send(TO, "x")
    assert isinstance(caught.value.cause, TransportError)
    assert not isinstance(caught.value.cause, TransportTimeout)
    assert not caught.value.retryable
    return str(caught.value)


def test_authority_of_ones_own_is_trusted_where_it_is_given(connect: Connect, tls: Tls, ca_file: Path) -> None:
    with RawServer(Gateway(), tls()) as server:
        assert len(connect(server.origin, ca=str(ca_file)).send(TO, "x").accepted) == 1


def test_folder_without_hashed_names_trusts_nobody(connect: Connect, tls: Tls, ca_file: Path, tmp_path: Path) -> None:
    """OpenSSL finds a certificate in a folder by the hash of its subject, and looks at no other name."""
    (tmp_path / "not-hashed.pem").write_bytes(ca_file.read_bytes())
    with RawServer(Gateway(), tls()) as server:
        assert "not trusted" in refused(connect(server.origin, ca=str(tmp_path)))


def test_one_client_s_authority_is_not_another_s(connect: Connect, tls: Tls, ca_file: Path, stranger: Path) -> None:
    with RawServer(Gateway(), tls()) as server:
        connect(server.origin, ca=str(ca_file)).authenticate()
        assert "not trusted" in refused(connect(server.origin))
        assert "not trusted" in refused(connect(server.origin, ca=str(stranger)))
        connect(server.origin, ca=str(ca_file)).authenticate()


def test_certificate_of_another_host_is_refused(connect: Connect, tls: Tls, ca_file: Path) -> None:
    with RawServer(Gateway(), tls("other.example")) as server:
        assert "localhost" in refused(connect(server.origin, ca=str(ca_file)))
    assert server.requests == []


def test_host_name_is_verified_where_urllib3_was_told_to_do_it_by_itself(
    connect: Connect, tls: Tls, ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With pyOpenSSL injected, it takes the check out of the settings that it is given."""
    monkeypatch.setattr("urllib3.util.ssl_.IS_PYOPENSSL", True)
    monkeypatch.setattr("certifi.where", lambda: str(ca_file))
    _default_context.cache_clear()
    try:
        with RawServer(Gateway(), tls()) as right, RawServer(Gateway(), tls("other.example")) as wrong:
            with Client(**settings(endpoint=right.origin)) as first:
                first.balance()
            refused(connect(wrong.origin))
            connect(right.origin).balance()
    finally:
        _default_context.cache_clear()
    assert wrong.requests == []


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


def test_nothing_older_than_tls_1_2_is_offered(connect: Connect, ca_file: Path) -> None:
    hellos = []

    def on_connect(connection: socket.socket) -> None:
        hellos.append(connection.recv(16384))
        raise Hangup

    with RawServer(answering(b""), on_connect=on_connect) as server:
        for named in ({}, {"ca": str(ca_file)}):
            with pytest.raises(NotSent):
                connect(f"https://localhost:{server.port}", **named).send(TO, "x")
    assert [offered_versions(hello) for hello in hellos] == [{0x0303, 0x0304}] * 2


@pytest.mark.parametrize("files", [1, 2])
def test_client_certificate_in_one_file_or_two(
    files: int, connect: Connect, asking: ssl.SSLContext, ca_file: Path, identity: tuple[str, str, str]
) -> None:
    both, *two = identity
    given = both if files == 1 else tuple(two)
    with RawServer(Gateway(), asking) as server:
        assert len(connect(server.origin, ca=str(ca_file), client_cert=given).send(TO, "x").accepted) == 1


def test_missing_client_certificate_is_a_failure_of_tls(
    connect: Connect, asking: ssl.SSLContext, ca_file: Path
) -> None:
    asking.maximum_version = ssl.TLSVersion.TLSv1_2
    with RawServer(Gateway(), asking) as server:
        refused(connect(server.origin, ca=str(ca_file)))
    assert server.requests == []


def test_missing_client_certificate_is_an_error_in_tls_1_3_too(
    connect: Connect, asking: ssl.SSLContext, ca_file: Path
) -> None:
    """There the server refuses after the client's side of the handshake has ended."""
    with RawServer(Gateway(), asking) as server:
        client = connect(server.origin, ca=str(ca_file))
        with pytest.raises(TransportError) as caught:
            client.balance()
        assert not caught.value.may_have_taken_effect
    assert server.requests == []


def test_ca_that_is_none_is_refused_at_once(connect: Connect, tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("no certificate\n")
    for wrong in (str(tmp_path / "missing.pem"), str(empty), "", "a\0b", 5):
        with pytest.raises(ConfigurationError, match=r"\bca="):
            connect("https://localhost", ca=wrong)


def test_client_certificate_that_is_none_is_refused_at_once(
    connect: Connect, tmp_path: Path, identity: tuple[str, str, str], ca_file: Path
) -> None:
    both, certificate, key = identity
    missing = str(tmp_path / "missing.pem")
    wrongs = (
        missing,
        "",
        (certificate, missing),
        (key, certificate),
        str(ca_file),
        (certificate, key, both),
        (both,),
        5,
    )
    for wrong in wrongs:
        with pytest.raises(ConfigurationError, match=r"\bclient_cert="):
            connect("https://localhost", client_cert=wrong)


def test_protected_key_is_refused_and_nobody_is_asked_for_its_password(
    connect: Connect, tmp_path: Path, identity: tuple[str, str, str]
) -> None:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - one test needs it

    _, certificate, key = identity
    loaded = serialization.load_pem_private_key(Path(key).read_bytes(), None)
    protected = tmp_path / "protected.pem"
    protected.write_bytes(
        loaded.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    with pytest.raises(ConfigurationError, match="unprotected"):
        connect("https://localhost", client_cert=(certificate, str(protected)))


def test_paths_may_be_path_objects(
    connect: Connect, asking: ssl.SSLContext, ca_file: Path, identity: tuple[str, str, str]
) -> None:
    """As nearly everywhere in Python; open() makes no difference, either."""
    both, certificate, key = (Path(path) for path in identity)
    with RawServer(Gateway(), asking) as server:
        connect(server.origin, ca=ca_file, client_cert=both).authenticate()
        connect(server.origin, ca=ca_file, client_cert=(certificate, key)).authenticate()


def test_connection_is_kept_over_tls(connect: Connect, tls: Tls, ca_file: Path) -> None:
    with RawServer(Gateway(), tls()) as server:
        client = connect(server.origin, ca=str(ca_file))
        for _ in range(20):
            client.balance()
    assert (server.connections, len(server.requests)) == (1, 21)
