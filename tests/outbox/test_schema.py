"""The tables: made by migrations, of a known version, and what stands for ever in them."""

import sqlite3
import stat
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from outboxes import Store, enqueue, sound, states
from sqlalchemy import create_engine, inspect
from sqlalchemy.exc import DatabaseError

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
