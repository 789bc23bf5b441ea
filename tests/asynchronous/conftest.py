"""What the tests of AsyncClient share: tests that are coroutines, clients, certificates, and only loopback."""

import asyncio
import inspect
import socket
import ssl
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import trustme

from clicksoap import AsyncClient, Timeout

PASSWORD = "correct-horse-battery"
QUICK = Timeout(connect=5, read=5, total=10)
"""Limits that no test means to meet; those that do give their own."""
LONGEST = 60
"""Seconds after which a test that hangs is given up."""


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is a coroutine on an event loop of its own, and let nothing that the loop complains of pass."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in inspect.signature(pyfuncitem.obj).parameters}
    asyncio.run(_watched(pyfuncitem.obj(**arguments)))
    return True


async def _watched(test: Coroutine[Any, Any, None]) -> None:
    complaints: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: complaints.append(repr(context)))
    async with asyncio.timeout(LONGEST):
        await test
    assert complaints == []
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.fixture
def connect() -> Callable[..., AsyncClient]:
    """Makes clients that try once, unless they are told otherwise; to be closed by who makes them."""

    def make(endpoint: str, **named: Any) -> AsyncClient:
        settings = {
            "api_id": 123456,
            "user": "acme",
            "password": PASSWORD,
            "timeout": QUICK,
            "retry": None,
            **named,
        }
        return AsyncClient(endpoint=endpoint, **settings)

    return make


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
