"""The tables: made by migrations, of a known version, and what stands for ever in them."""

import logging
import sqlite3
import stat
from collections.abc import Iterator
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from outboxes import TO, Store, enqueue, sound, states
from sqlalchemy import create_engine, inspect
from sqlalchemy.exc import DatabaseError

from clicksoap import Client
from clicksoap.errors import OutboxMismatch
from clicksoap.outbox import Outbox, schema
from clicksoap.outbox.tables import METADATA, VERSION_TABLE


def engine(url: str) -> Any:
    return create_engine(url.replace("postgresql:", "postgresql+psycopg:"))


def test_the_migrated_tables_are_those_of_the_code(store: Store) -> None:
    made = engine(store.url)
    with made.connect() as connection:
        names = set(inspect(connection).get_table_names())
        assert {each for each in names if each.startswith("clicksoap_")} == {*METADATA.tables, VERSION_TABLE}
        options = {"version_table": VERSION_TABLE, "compare_server_default": False}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), METADATA) == []
    made.dispose()


def test_the_version_of_the_code_is_the_last_migration() -> None:
    import importlib.resources  # noqa: PLC0415 - of this test

    folder = importlib.resources.files("clicksoap.outbox") / "migrations"
    assert ScriptDirectory(str(folder)).get_current_head() == schema.VERSION


def test_an_older_outbox_is_upgraded_and_its_messages_stay(store: Store) -> None:
    box = Outbox(store.empty())
    enqueue(box)
    schema.migrate(box._database, "0001")
    box.close()
    older = Outbox(str(box._database.engine.url.render_as_string(hide_password=False)))
    with pytest.raises(OutboxMismatch, match=r"has version 0001.*Outbox.upgrade\(\) or clicksoap outbox upgrade"):
        older.open()
    copy = older.upgrade()
    assert states(older) == ["pending"]
    assert sound(older) == {"pending": 1}
    if store.name == "postgresql":
        assert copy is None
    else:
        assert copy is not None
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
        raw = sqlite3.connect(copy)
        assert raw.execute("SELECT version_num FROM clicksoap_version").fetchall() == [("0001",)]
        assert raw.execute("SELECT state FROM clicksoap_message").fetchall() == [("pending",)]
        raw.close()
    assert older.upgrade() is None
    older.close()


def test_an_upgrade_without_a_copy_makes_none(sqlite: Store) -> None:
    box = sqlite.box().open()
    schema.migrate(box._database, "0001")
    before = set(sqlite.folder.iterdir())
    assert sqlite.box().upgrade(backup=False) is None
    assert not {path for path in set(sqlite.folder.iterdir()) - before if path.suffix == ".backup"}


@pytest.fixture
def newer(store: Store) -> Iterator[str]:
    """The version of tables that a later clicksoap made, and that programs of this one may write to."""
    version = f"{schema.VERSION}.01"
    store.sql(f"UPDATE clicksoap_version SET version_num = '{version}'")  # noqa: S608 - a constant
    store.sql("ALTER TABLE clicksoap_message ADD COLUMN later TEXT")
    yield version
    store.sql("ALTER TABLE clicksoap_message DROP COLUMN later")
    store.sql(f"UPDATE clicksoap_version SET version_num = '{schema.VERSION}'")  # noqa: S608 - a constant


def test_programs_go_on_enqueueing_where_newer_tables_allow_it(store: Store, request: pytest.FixtureRequest) -> None:
    opened = store.box().open()
    version = request.getfixturevalue("newer")
    enqueue(opened, key="one")
    started_later = store.box()
    enqueue(started_later, key="two")
    assert started_later.version() == version
    assert states(started_later, "one") == states(opened, "two") == ["pending"]


def test_workers_stop_at_newer_tables_also_where_others_go_on(store: Store, newer: str, sms: Client) -> None:
    box = store.box()
    enqueue(box)
    for use in (lambda: box.work(sms, until_settled=True), lambda: box.work_slice(sms, 1), box.upgrade):
        with pytest.raises(OutboxMismatch, match=f"has version {newer}, which this clicksoap does not know"):
            use()
    assert states(box) == ["pending"]


@pytest.mark.parametrize("version", ["0003", "0003.09", "0005", "0005.01"])
def test_other_versions_refuse_each_enqueue_and_the_transaction_can_go_on(store: Store, version: str) -> None:
    box = store.box().open()
    store.sql(f"UPDATE clicksoap_version SET version_num = '{version}'")  # noqa: S608 - a constant
    try:
        with box.transaction() as transaction:
            with pytest.raises(OutboxMismatch, match=version):
                box.enqueue(transaction, TO, "hello", key="one")
            transaction.exec_driver_sql("UPDATE clicksoap_account SET rate = 1")
        with pytest.raises(OutboxMismatch, match=version):
            store.box().open()
    finally:
        store.sql(f"UPDATE clicksoap_version SET version_num = '{schema.VERSION}'")  # noqa: S608 - a constant
    assert box.get("one") == ()


def test_the_steps_of_a_migration_stay_out_of_the_logs_of_the_application(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    url = store.empty()
    with caplog.at_level(logging.INFO), Outbox(url) as box:
        box.open()
    assert [each.name for each in caplog.records if each.name.startswith("alembic")] == []
    assert f"tables of the outbox: version {schema.VERSION}, before none" in caplog.messages
    made = engine(url)
    with caplog.at_level(logging.INFO), made.connect() as connection:
        MigrationContext.configure(connection)
    made.dispose()
    assert [each.name for each in caplog.records if each.name.startswith("alembic")], "the control: alembic does log"


def test_the_file_is_for_its_owner_alone(sqlite: Store) -> None:
    with Outbox(sqlite.empty()) as box:
        enqueue(box)
        path = sqlite.folder / str(box._database.engine.url.database)
        found = [each for each in path.parent.glob(f"{path.name}*") if each.is_file()]
        assert {stat.S_IMODE(each.stat().st_mode) for each in found} == {0o600}


@pytest.mark.parametrize("statement", ["UPDATE clicksoap_event SET who = 'nobody'", "DELETE FROM clicksoap_event"])
def test_an_event_cannot_be_changed(store: Store, statement: str) -> None:
    box = store.box()
    box.pause(by="Ann", why="test")
    made = engine(store.url)
    with pytest.raises(DatabaseError, match="events of the outbox are not changed"), made.begin() as connection:
        connection.exec_driver_sql(statement)
    made.dispose()
    assert [each.who for each in box.events()] == ["Ann"]


def test_two_outboxes_make_the_tables_at_the_same_time(store: Store) -> None:
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - of this test

    url = store.empty()
    boxes = [Outbox(url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(each.open) for each in boxes]:
            done.result()
    assert len({each._known_uuid() for each in boxes}) == 1
    for each in boxes:
        each.close()
