"""An outbox over each of both stores, and a simulated gateway."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from outboxes import Store, client, postgresql_store, sqlite_store
from postgresql import PostgreSQLServer, postgresql, programs

from clicksoap import Client
from clicksoap.outbox import Outbox
from clicksoap.simulator import Simulator


def unavailable(what: str) -> NoReturn:
    """Skip for want of something; where CI is set its absence is a failure."""
    reason = f"{what} is not installed (tests/foreign/install.sh)"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def server() -> Iterator[PostgreSQLServer]:
    """A PostgreSQL server for all tests of this process."""
    if programs() is None:
        unavailable("PostgreSQL")
    with postgresql() as running:
        yield running


@pytest.fixture(scope="session")
def postgresql_database(server: PostgreSQLServer) -> str:
    with Outbox(server.create("outbox")):
        return "outbox"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "outbox.db"
    with Outbox(f"sqlite:///{path}"):
        return path


@pytest.fixture
def sqlite(sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    """An empty outbox in a file."""
    yield from closed(sqlite_store(sqlite_template, tmp_path))


@pytest.fixture
def pg(server: PostgreSQLServer, postgresql_database: str, tmp_path: Path) -> Iterator[Store]:
    """An empty outbox in a database of PostgreSQL."""
    yield from closed(postgresql_store(server, postgresql_database, tmp_path))


@pytest.fixture(params=["sqlite", "pg"])
def store(request: pytest.FixtureRequest) -> Store:
    """An empty outbox, in each of both stores."""
    found: Store = request.getfixturevalue(request.param)
    return found


def closed(store: Store) -> Iterator[Store]:
    yield store
    for each in store.boxes:
        each.close()


@pytest.fixture
def box(store: Store) -> Outbox:
    return store.box()


@pytest.fixture(scope="module")
def shared_gateway() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def gateway(shared_gateway: Simulator) -> Simulator:
    """A simulated gateway that has seen nothing yet."""
    shared_gateway.reset()
    shared_gateway.faults.clear()
    return shared_gateway


@pytest.fixture
def sms(gateway: Simulator) -> Iterator[Client]:
    with client(gateway) as made:
        yield made
