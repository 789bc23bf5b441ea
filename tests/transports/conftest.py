"""What the tests of the transports share: clients that are closed, certificates, and nothing beyond loopback."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import trustme

from clicksoap import Client, Timeout

PASSWORD = "correct-horse-battery"
QUICK = Timeout(connect=5, read=5, total=10)
"""Limits that no test means to meet; those that do give their own."""


@pytest.fixture
def connect() -> Iterator[Callable[..., Client]]:
    """Makes clients that try once, unless they are told otherwise, and closes them when the test ends."""
    with ExitStack() as stack:

        def make(endpoint: str, **named: Any) -> Client:
            settings = {
                "api_id": 123456,
                "user": "acme",
                "password": PASSWORD,
                "timeout": QUICK,
                "retry": None,
                **named,
            }
            return stack.enter_context(Client(endpoint=endpoint, **settings))

        yield make


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A certificate authority that nobody trusts by himself."""
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The authority's certificate."""
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture(scope="session")
def tls(authority: trustme.CA) -> Callable[..., ssl.SSLContext]:
    """Makes the context of a server for a host name, signed by the authority or by another one."""

    def make(name: str = "localhost", signed_by: trustme.CA = authority) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        signed_by.issue_cert(name).configure_cert(context)
        return context

    return make


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every name beyond loopback; a test must not reach out, not even for a name that is not there."""
    look_up = socket.getaddrinfo

    def guarded(host: Any, *rest: Any, **named: Any) -> Any:
        if host in {"localhost", "127.0.0.1", "::1"}:
            return look_up(host, *rest, **named)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", guarded)


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
def asking(authority: trustme.CA, tls: Callable[..., ssl.SSLContext]) -> ssl.SSLContext:
    """A server's context that asks for a client's certificate."""
    context = tls()
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    return context
