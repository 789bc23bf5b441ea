"""The caller's own transaction, in each of its kinds: rolled back there is no message, committed there is one."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from typing import Any, Final

import django
import psycopg
import pytest
from django.conf import settings as django_settings
from outboxes import OTHERS, TO, Store, sound
from psycopg.rows import dict_row
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from clicksoap import InvalidInput
from clicksoap.errors import KeyTaken, OutboxMismatch
from clicksoap.outbox import Enqueued, Outbox


class RolledBack(Exception):
    """Ends a transaction of the tests."""


def engine_url(url: str, *, is_async: bool = False) -> Any:
    made = make_url(url)
    driver = "postgresql+psycopg" if made.get_backend_name() == "postgresql" else "sqlite"
    return made.set(drivername="sqlite+aiosqlite" if is_async and driver == "sqlite" else driver)


@contextmanager
def connection(url: str) -> Iterator[Any]:
    engine = create_engine(engine_url(url))
    try:
        with engine.begin() as made:
            yield made
    finally:
        engine.dispose()


@contextmanager
def session(url: str) -> Iterator[Any]:
    engine = create_engine(engine_url(url))
    try:
        with Session(engine) as made, made.begin():
            yield made
    finally:
        engine.dispose()


@contextmanager
def raw(url: str) -> Iterator[Any]:
    if url.startswith("postgresql"):
        with psycopg.connect(url) as own:
            yield own
        return
    made: Any = sqlite3.connect(url.removeprefix("sqlite:///"))
    try:
        with made:
            yield made
    finally:
        made.close()


@contextmanager
def raw_with_dicts(url: str) -> Iterator[Any]:
    """Many callers have their rows given as dicts."""
    if url.startswith("postgresql"):
        with psycopg.connect(url, row_factory=dict_row) as own:
            yield own
        return
    made: Any = sqlite3.connect(url.removeprefix("sqlite:///"))
    made.row_factory = lambda cursor, row: {
        column[0]: value for column, value in zip(cursor.description, row, strict=True)
    }
    try:
        with made:
            yield made
    finally:
        made.close()


@contextmanager
def raw_with_marks(url: str) -> Iterator[Any]:
    """A cursor factory of psycopg changes what marks a value."""
    with psycopg.connect(url, cursor_factory=psycopg.RawCursor) as made:
        yield made


def django_connection(url: str) -> Any:
    if not django_settings.configured:
        django_settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}})
        django.setup()
    from django.db import connections  # noqa: PLC0415 - after its settings

    made = make_url(url)
    is_sqlite = made.get_backend_name() == "sqlite"
    connections.settings["own"] = connections.configure_settings(
        {
            "default": django_settings.DATABASES["default"],
            "own": {"ENGINE": "django.db.backends.sqlite3", "NAME": made.database}
            if is_sqlite
            else {"ENGINE": "django.db.backends.postgresql", "NAME": made.database, "USER": made.username}
            | {"HOST": made.host, "PORT": made.port},
        }
    )["own"]
    return connections


@contextmanager
def in_django(url: str) -> Iterator[Any]:
    from django.db import transaction  # noqa: PLC0415 - after its settings

    connections = django_connection(url)
    try:
        with transaction.atomic(using="own"):
            yield connections["own"]
    finally:
        connections["own"].close()
        del connections["own"]


SYNCHRONOUS: Final[dict[str, Callable[[str], AbstractContextManager[Any]]]] = {
    "a Connection of SQLAlchemy": connection,
    "a Session of SQLAlchemy": session,
    "a connection of the driver": raw,
    "a connection that gives dicts": raw_with_dicts,
    "a connection with marks of its own": raw_with_marks,
    "Django": in_django,
}


@asynccontextmanager
async def async_connection(url: str) -> AsyncIterator[Any]:
    engine = create_async_engine(engine_url(url, is_async=True))
    try:
        async with engine.begin() as made:
            yield made
    finally:
        await engine.dispose()


@asynccontextmanager
async def async_session(url: str) -> AsyncIterator[Any]:
    engine = create_async_engine(engine_url(url, is_async=True))
    try:
        async with AsyncSession(engine) as made, made.begin():
            yield made
    finally:
        await engine.dispose()


@asynccontextmanager
async def async_raw(url: str) -> AsyncIterator[Any]:
    async with await psycopg.AsyncConnection.connect(url) as made:
        yield made


@asynccontextmanager
async def async_raw_with_dicts(url: str) -> AsyncIterator[Any]:
    async with await psycopg.AsyncConnection.connect(url, row_factory=dict_row) as made:
        yield made


ASYNCHRONOUS: Final[dict[str, Callable[[str], AbstractAsyncContextManager[Any]]]] = {
    "an AsyncConnection of SQLAlchemy": async_connection,
    "an AsyncSession of SQLAlchemy": async_session,
    "an AsyncConnection of psycopg": async_raw,
    "an AsyncConnection that gives dicts": async_raw_with_dicts,
}


class Caller:
    """Calls an outbox within transactions of one kind."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def __call__(self, box: Outbox, url: str, *calls: tuple[Any, dict[str, Any]], fails: bool = False) -> list[Any]:
        """Enqueue within one transaction; each call gives what it returned or raised."""
        if self._kind in SYNCHRONOUS:
            with SYNCHRONOUS[self._kind](url) as transaction:
                told = [self._told(box, transaction, to, options) for to, options in calls]
                if fails:
                    raise RolledBack
            return told
        return asyncio.run(self._asynchronous(box, url, calls, fails=fails))

    def _told(self, box: Outbox, transaction: Any, to: Any, options: dict[str, Any]) -> Any:
        try:
            return box.enqueue(transaction, to, "hello", **options)
        except (OutboxMismatch, KeyTaken, InvalidInput) as error:
            return error

    async def _asynchronous(self, box: Outbox, url: str, calls: Any, *, fails: bool) -> list[Any]:
        told: list[Any] = []
        async with ASYNCHRONOUS[self._kind](url) as transaction:
            for to, options in calls:
                try:
                    told.append(await box.enqueue_async(transaction, to, "hello", **options))
                except (OutboxMismatch, KeyTaken, InvalidInput) as error:
                    told.append(error)
            if fails:
                raise RolledBack
        return told


# sqlite3 knows one kind of marks, and has no asynchronous connection of its own.
ONLY_POSTGRESQL: Final = {
    "a connection with marks of its own",
    "an AsyncConnection of psycopg",
    "an AsyncConnection that gives dicts",
}
PLACES: Final = [
    (store, kind)
    for store in ("sqlite", "pg")
    for kind in (*SYNCHRONOUS, *ASYNCHRONOUS)
    if store == "pg" or kind not in ONLY_POSTGRESQL
]


@pytest.fixture(params=PLACES, ids=[f"{store}-{kind}" for store, kind in PLACES])
def place(request: pytest.FixtureRequest) -> tuple[Store, Outbox, Caller]:
    """An outbox, and a caller with transactions of one kind."""
    store: Store = request.getfixturevalue(request.param[0])
    return store, store.box(), Caller(request.param[1])


Place = tuple[Store, Outbox, Caller]


def test_committed_there_is_exactly_one_message(place: Place) -> None:
    store, box, call = place
    single, group = call(box, store.url, (TO, {"key": "one"}), (list(OTHERS), {"key": "group", "tag": "100 %s"}))
    assert single == Enqueued("one", is_new=True, recipients=1, parts=1)
    assert group == Enqueued("group", is_new=True, recipients=3, parts=1)
    (again,) = call(box, store.url, (TO, {"key": "one"}))
    assert again == Enqueued("one", is_new=False, recipients=1, parts=1)
    assert sound(box) == {"pending": 4}
    assert [each.tag for each in box.get("group")] == ["100 %s"] * 3


def test_rolled_back_there_is_no_message(place: Place) -> None:
    store, box, call = place
    with pytest.raises(RolledBack):
        call(box, store.url, (TO, {"key": "one"}), (list(OTHERS), {"key": "group"}), fails=True)
    assert sound(box) == {}


def test_what_is_refused_leaves_the_transaction_usable(place: Place) -> None:
    store, box, call = place
    told = call(
        box,
        store.url,
        (TO, {"key": "one"}),
        ("12", {"key": "two"}),
        (OTHERS[0], {"key": "one"}),
        (TO, {"key": "three"}),
    )
    assert [type(each) for each in told] == [Enqueued, InvalidInput, KeyTaken, Enqueued]
    assert sound(box) == {"pending": 2}


def test_another_database_is_refused_and_its_transaction_goes_on(place: Place) -> None:
    """An empty database, and one with an outbox of its own."""
    store, box, call = place
    url = store.empty()
    told = call(box, url, (TO, {"key": "one"}), (TO, {"key": "two"}))
    assert all("holds no outbox: give a transaction of" in str(each) for each in told), told
    with Outbox(url) as other:
        told = call(box, url, (TO, {"key": "one"}), (TO, {"key": "two"}))
        assert all("holds another outbox: give a transaction of" in str(each) for each in told), told
        assert [type(each) for each in told] == [OutboxMismatch] * 2
        assert sound(other) == {}
    assert sound(box) == {}


def test_the_callers_own_row_and_the_message_share_their_fate(store: Store, box: Outbox) -> None:
    with connection(store.url) as tx:
        tx.execute(text("CREATE TABLE IF NOT EXISTS orders (id integer)"))
    for number, fails in ((1, True), (2, False)):
        try:
            with connection(store.url) as tx:
                tx.execute(text("INSERT INTO orders VALUES (:id)"), {"id": number})
                box.enqueue(tx, TO, "hello", key=f"order {number}")
                if fails:
                    raise RolledBack
        except RolledBack:
            pass
    assert store.sql("SELECT id FROM orders") == [(2,)]
    assert (len(box.get("order 1")), len(box.get("order 2"))) == (0, 1)
    store.sql("DROP TABLE orders")


def test_a_savepoint_that_is_rolled_back_takes_its_message_along(pg: Store) -> None:
    """Not on SQLite: its driver begins no transaction before a savepoint."""
    box = pg.box()
    with connection(pg.url) as tx:
        box.enqueue(tx, TO, "hello", key="kept")
        savepoint = tx.begin_nested()
        box.enqueue(tx, TO, "hello", key="dropped")
        savepoint.rollback()
    assert (len(box.get("kept")), len(box.get("dropped"))) == (1, 0)


def test_a_transaction_of_the_wrong_kind_is_refused_with_what_to_give(store: Store, box: Outbox) -> None:
    engine = create_engine(engine_url(store.url))
    for wrong in (None, object(), "BEGIN", engine, [], type):
        with pytest.raises(InvalidInput, match=r"^transaction is .*: give a Connection or a Session of SQLAlchemy"):
            box.enqueue(wrong, TO, "hello", key="key")
        with pytest.raises(InvalidInput, match=r"^transaction is .*: give an AsyncSession"):
            asyncio.run(box.enqueue_async(wrong, TO, "hello", key="key"))
    with engine.begin() as tx, pytest.raises(InvalidInput, match=r"others go to enqueue\(\)"):
        asyncio.run(box.enqueue_async(tx, TO, "hello", key="key"))
    engine.dispose()

    async def main() -> None:
        made = create_async_engine(engine_url(store.url, is_async=True))
        async with made.begin() as tx, AsyncSession(made) as own:
            for each in (tx, own):
                with pytest.raises(InvalidInput, match=r"give it to enqueue_async\(\)"):
                    box.enqueue(each, TO, "hello", key="key")
        await made.dispose()

    asyncio.run(main())
    assert sound(box) == {}


def test_an_asynchronous_connection_of_psycopg_goes_to_enqueue_async(pg: Store) -> None:
    box = pg.box()

    async def main() -> None:
        async with await psycopg.AsyncConnection.connect(pg.url) as tx:
            with pytest.raises(InvalidInput, match=r"^transaction is AsyncConnection"):
                box.enqueue(tx, TO, "hello", key="key")

    asyncio.run(main())
