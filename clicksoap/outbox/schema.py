"""The version of an outbox's tables: creation, check, upgrade and backup."""

import importlib.resources
import logging
import secrets
import sqlite3
import threading
from collections.abc import Generator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.exc import DBAPIError

from clicksoap.errors import OutboxMismatch
from clicksoap.outbox.databases import Database, SQLite
from clicksoap.outbox.tables import ACCOUNT, CAMPAIGN, MARK, METADATA, STREAM, VERSION_TABLE

VERSION: Final = "0004"
"""The version of the tables that this clicksoap works with; a test compares it with the migrations.

A step after ``0004`` is either ``0005`` or ``0004.01``. The second one promises that programs of ``0004`` may go on
enqueueing, entering reports and administering: it adds tables, indexes, and columns that have a default or may be null.
Workers stop at either.
"""

_CURRENT: Final = text(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608 - a constant
_LOCK: Final = text("SELECT pg_advisory_xact_lock(7216349)")
_ALEMBIC_LOGS: Final = ("alembic.runtime.migration", "alembic.runtime.plugins")

_log: Final = logging.getLogger("clicksoap.outbox")
_DEADLOCK: Final = "40P01"
_TRIES: Final = 10


def ensure(database: Database) -> str:
    """The outbox's uuid, after its tables were created if the database has none.

    Raises:
        OutboxMismatch: The tables are of another version, and this program must not write to them.
        OutboxUnavailable: The database does not answer.
    """
    with database.read() as connection:
        version = _version(connection)
        if version is not None:
            check(version)
            return _uuid(connection)
    migrate(database)
    with database.read() as connection:
        return _uuid(connection)


def check(version: str) -> None:
    """Refuse tables of another version, but for newer ones that programs of this version may write to.

    Raises:
        OutboxMismatch: The text says whether to upgrade the outbox or the program.
    """
    if version < VERSION or not is_open_to(version, VERSION):
        check_exactly(version)


def is_open_to(version: str, older: str) -> bool:
    """Whether programs of an older version may go on writing to tables of a version."""
    return version.partition(".")[0] == older.partition(".")[0]


def check_exactly(version: str) -> None:
    """Refuse tables of any other version, as workers do.

    Raises:
        OutboxMismatch: As of `check`.
    """
    if version == VERSION:
        return
    if version < VERSION:
        raise OutboxMismatch(
            f"the outbox has version {version}, and this clicksoap works with {VERSION}: stop the workers, then run "
            "Outbox.upgrade() or clicksoap outbox upgrade"
        )
    raise OutboxMismatch(
        f"the outbox has version {version}, which this clicksoap does not know (it works with {VERSION}): "
        "start this program again with the clicksoap that upgraded it, or a later one"
    )


def migrate(database: Database, target: str = "head") -> None:
    """Create the tables, or bring them to another version, in one transaction."""
    with _quiet_alembic():
        before, after = _migrate(database, target)
    if before != after:
        _log.info("tables of the outbox: version %s, before %s", after, before or "none")


def _migrate(database: Database, target: str) -> tuple[str | None, str | None]:
    from alembic import command  # noqa: PLC0415 - 0.3 s that only a creation or an upgrade needs
    from alembic.config import Config  # noqa: PLC0415 - as above

    folder = importlib.resources.files("clicksoap.outbox") / "migrations"
    with database.write() as connection:
        if database.name == "postgresql":
            connection.execute(_LOCK)
            _lock_tables(connection)
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.attributes["connection"] = connection
        current = _version(connection)
        if target != "head" and current is not None and current > target:
            command.downgrade(config, target)
        else:
            command.upgrade(config, target)
        if connection.execute(select(MARK.c.uuid)).first() is None:
            now = database.now(connection)
            connection.execute(MARK.insert().values(uuid=secrets.token_hex(16), generation=1, high_water=0))
            connection.execute(CAMPAIGN.insert().values(id=STREAM, key="", state="running", created_at=now))
        return current, _version(connection)


@contextmanager
def _quiet_alembic() -> Generator[None]:
    """Keep the steps of this thread's migration out of the logs of the application."""
    own = threading.get_ident()

    def is_told(record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING or record.thread != own

    loggers = [logging.getLogger(name) for name in _ALEMBIC_LOGS]
    for each in loggers:
        each.addFilter(is_told)
    try:
        yield
    finally:
        for each in loggers:
            each.removeFilter(is_told)


def _lock_tables(connection: Connection) -> None:
    """Wait until nobody else is in a transaction with the outbox, so that the migration meets no deadlock later.

    Workers lock their account first, and look at the mark next. Whoever comes in another order may make a deadlock:
    PostgreSQL ends one of both, and this one begins again.
    """
    present = set(inspect(connection).get_table_names()) & {*METADATA.tables, VERSION_TABLE}
    first = [each for each in (ACCOUNT.name, MARK.name, VERSION_TABLE, CAMPAIGN.name) if each in present]
    if not present:
        return
    names = ", ".join([*first, *sorted(present - set(first))])
    for each in range(_TRIES):
        try:
            with connection.begin_nested():
                connection.execute(text(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE"))
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != _DEADLOCK or each == _TRIES - 1:
                raise
        else:
            return


def backup(database: SQLite, folder: Path | None = None) -> Path:
    """Copy an SQLite outbox to a new file beside it, or into a folder; returns the path.

    The copy is made by SQLite's backup, so that it is complete while others write.
    """
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    place = folder if folder is not None else database.path.absolute().parent
    target = place / f"{database.path.name}.{stamp}.backup"
    target.touch(mode=0o600, exist_ok=False)
    with closing(sqlite3.connect(database.path)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
    return target


def version_of(database: Database) -> str | None:
    """The version of the tables; None if there are none."""
    with database.read() as connection:
        return _version(connection)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.execute(_CURRENT).first()
    return None if found is None else str(found[0])


def _uuid(connection: Connection) -> str:
    return str(connection.execute(select(MARK.c.uuid)).scalar_one())
