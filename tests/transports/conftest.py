"""What the tests of the transports share: both clients, which are closed when a test ends, and certificates."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import trustme
from facades import FACADES, settings
from loopback import authority, ca_file, only_loopback, tls

from clicksoap import Client

__all__ = ["authority", "ca_file", "only_loopback", "tls"]


@pytest.fixture(params=FACADES.values(), ids=list(FACADES))
def facade(request: pytest.FixtureRequest) -> Any:
    """Each of the two clients in turn, the asynchronous one made blocking."""
    return request.param


@pytest.fixture
def connect(facade: Any) -> Iterator[Callable[..., Client]]:
    """Makes clients, and closes them when the test ends."""
    with ExitStack() as stack:

        def make(endpoint: str, **named: Any) -> Client:
            client: Client = stack.enter_context(facade(**settings(endpoint=endpoint, **named)))
            return client

        yield make


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
