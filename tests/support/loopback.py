"""Fixtures of tests that speak over real sockets: certificates, and nothing beyond loopback."""

import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme


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
        if host in {"localhost", "127.0.0.1", "127.0.0.2", "::1"}:
            return look_up(host, *rest, **named)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", guarded)
