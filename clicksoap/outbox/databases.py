"""The databases that hold an outbox: SQLite and PostgreSQL, with the settings that durability needs."""

import importlib.util
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError

from clicksoap.errors import ConfigurationError, OutboxUnavailable
from clicksoap.outbox.failures import translated

Clock = Callable[[], float]
"""Gives seconds since 1970, UTC."""

_BUSY_SECONDS: Final = 5.0
_FILE: Final = "clicksoap file"
# Byte locks of these file systems do not hold between machines, and SQLite's shared memory does not work on them
# (sqlite.org/wal.html, section 1; sqlite.org/faq.html, question 5).
_NETWORK_FILE_SYSTEMS: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb2", "smb3", "smbfs", "afs", "9p", "ceph", "lustre", "beegfs", "gpfs", "glusterfs"}
    | {"fuse.sshfs", "fuse.glusterfs", "fuse.s3fs", "fuse.rclone", "fuse.davfs2", "fuse.ceph"}
)


class Database(Protocol):
    """A database that holds an outbox.

    Attributes:
        engine: Its connections.
        name: ``sqlite`` or ``postgresql``.
        shown: The address without a password, to be shown.
        server: An SQL expression that differs between the runs of servers; another server may lack commits.
    """

    engine: Engine
    name: str
    shown: str
    server: str

    def write(self) -> AbstractContextManager[Connection]:
        """A transaction that writes; it commits at its end, and rolls back on any exception."""
        ...

    def read(self) -> AbstractContextManager[Connection]:
        """A transaction that reads one state of the database."""
        ...

    def now(self, connection: Connection) -> float:
        """The time by the clock of the database, in seconds since 1970."""
        ...

    def is_missing(self) -> bool:
        """Whether its file is not there yet; a server has none to look for. Nothing is created."""
        ...

    def another(self) -> "Database":
        """The same database with connections of its own: those of another process must not be used."""
        ...

    def close(self) -> None:
        """Close the connections; a later use opens new ones."""
        ...


def open_database(url: str, clock: Clock = time.time) -> Database:
    """The database of a URL; nothing is opened yet.

    Args:
        url: ``sqlite:///path`` or ``postgresql://user:password@host/name``.
        clock: The clock of an SQLite database; PostgreSQL has its own.

    Raises:
        ConfigurationError: The URL is of another kind, or names no file.
    """
    if not isinstance(url, str):
        raise ConfigurationError(f"url is {type(url).__name__}: give a str, such as sqlite:///outbox.db")
    parsed: URL | None = None
    with suppress(ArgumentError, ValueError):  # whose text would repeat the password
        parsed = make_url(url)
    if parsed is None:
        raise ConfigurationError(
            "url is not a database URL: give sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME"
        )
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return SQLite(parsed, clock)
    if backend == "postgresql":
        return PostgreSQL(parsed)
    raise ConfigurationError(f"url names a database of kind {backend!r}: give sqlite:///PATH or postgresql://…")


class SQLite:
    """An SQLite file on a disk of this machine: WAL, every commit synced, one writer per process at a time."""

    name = "sqlite"
    server = "''"

    def __init__(self, url: URL, clock: Clock) -> None:
        if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
            raise ConfigurationError("url names no file, and an outbox in memory is lost: give sqlite:///PATH")
        self.path = Path(url.database)
        self.shown = f"sqlite:///{url.database}"
        self._clock = clock
        # Four threads that wait for SQLite's own lock starve each other: a claim took 0.7 s (measured).
        self._writer = threading.Lock()
        self.engine = create_engine(
            url.set(drivername="sqlite+pysqlite"),
            connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
            pool_size=10,
            max_overflow=20,
            hide_parameters=True,
        )
        event.listen(self.engine, "do_connect", self._create)
        event.listen(self.engine, "connect", _set_up_sqlite)
        event.listen(self.engine, "connect", self._remember_file)
        event.listen(self.engine, "checkout", self._check_file)
        event.listen(self.engine, "begin", _begin_sqlite)

    @contextmanager
    def write(self) -> Generator[Connection]:
        """A transaction that writes; others of this process wait for it."""
        with (
            self._writer,
            translated(),
            self.engine.connect().execution_options(outbox_writes=True) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def read(self) -> Generator[Connection]:
        """A transaction that reads one state of the database."""
        with translated(), self.engine.connect() as connection, connection.begin():
            yield connection

    def now(self, connection: Connection) -> float:  # noqa: ARG002 - PostgreSQL asks there
        """The time of this machine, in seconds since 1970."""
        return self._clock()

    def is_missing(self) -> bool:
        """Whether the file is not there yet."""
        return not self.path.exists()

    def another(self) -> "SQLite":
        """The same file with connections of its own."""
        return SQLite(self.engine.url, self._clock)

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()

    def _remember_file(self, _raw: object, record: Any) -> None:  # noqa: ANN401 - SQLAlchemy gives the types no public name
        record.info[_FILE] = self._file()

    def _check_file(self, _raw: object, record: Any, _proxy: object) -> None:  # noqa: ANN401 - as above
        """Open the file anew if another one took its place; the worker sees then whether that one is older."""
        if record.info[_FILE] != self._file():
            raise DisconnectionError

    def _file(self) -> tuple[int, int]:
        try:
            found = self.path.stat()
        except OSError as error:
            problem = error.strerror or type(error).__name__
            raise OutboxUnavailable(f"the outbox does not reach its database: {self.path.name}: {problem}") from None
        return found.st_dev, found.st_ino

    def _create(self, *_: object) -> None:
        """Make the file with mode 0600; SQLite gives its companions the mode of the file."""
        folder = self.path.absolute().parent
        kind = file_system(folder)
        if kind in _NETWORK_FILE_SYSTEMS:
            raise ConfigurationError(
                f"the database lies on a network file system ({kind}), whose locks do not hold: "
                "give a path on a disk of this machine, or use PostgreSQL"
            )
        try:
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            pass
        except OSError as error:
            problem = error.strerror or type(error).__name__
            raise ConfigurationError(
                f"the database {self.path.absolute()} cannot be created ({problem}): check its folder; "
                "sqlite:/// and a relative path, or sqlite://// and the rest of an absolute one"
            ) from None


def _set_up_sqlite(raw: Any, _record: object) -> None:  # noqa: ANN401 - a DBAPI connection has no type
    raw.isolation_level = None  # transactions begin where SQLAlchemy says so
    cursor = raw.cursor()
    # The inner pages of the indexes of a million rows fit into 16 MB: an import is a fifth faster (measured).
    for pragma in (f"busy_timeout = {int(_BUSY_SECONDS * 1000)}", "synchronous = FULL", "cache_size = -16000"):
        cursor.execute(f"PRAGMA {pragma}")
    _write_ahead(cursor)
    if sys.platform == "darwin":
        cursor.execute("PRAGMA fullfsync = ON")
    cursor.close()


def _write_ahead(cursor: Any) -> None:  # noqa: ANN401 - as above
    """Switch to WAL, which SQLite refuses at once while another process opens the same new file."""
    end = time.monotonic() + _BUSY_SECONDS
    while cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() >= end:
                raise
            time.sleep(0.01)


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later fails where another one wrote in between.
    writes = connection.get_execution_options().get("outbox_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def file_system(path: Path, mounts: str | None = None) -> str | None:
    """The kind of the file system that a path lies on, as Linux names it; None where nobody says.

    Args:
        path: An absolute path.
        mounts: The content of ``/proc/self/mountinfo``.
    """
    if mounts is None:
        try:
            mounts = Path("/proc/self/mountinfo").read_text("utf-8", "replace")
        except OSError:
            return None
    best, kind = -1, None
    resolved = path.resolve()
    for line in mounts.splitlines():
        fields, _, rest = line.partition(" - ")
        words = fields.split(" ")
        if len(words) < 5 or not rest:  # noqa: PLR2004 - proc(5): the mount point is the fifth field
            continue
        point = words[4].replace("\\040", " ")
        if resolved.is_relative_to(point) and len(point) >= best:
            best, kind = len(point), rest.split(" ")[0]
    return kind


class PostgreSQL:
    """A PostgreSQL database: every commit synced, and nobody holds up the others for long."""

    name = "postgresql"
    server = "CAST(pg_postmaster_start_time() AS text)"

    def __init__(self, url: URL) -> None:
        if importlib.util.find_spec("psycopg") is None:
            raise ConfigurationError(
                'psycopg is not installed; PostgreSQL needs: pip install "clicksoap[outbox-postgresql]"'
            )
        self.shown = url.set(drivername="postgresql", password=None, query={}).render_as_string()
        # A worker that is stopped within its claim would hold up all others for as long as it stands (seen). Its locks
        # are free again before those who wait for them give up.
        settings = {
            "synchronous_commit": "on",
            "lock_timeout": "5s",
            "idle_in_transaction_session_timeout": "4s",
            "statement_timeout": "60s",
            "default_transaction_isolation": "read\\ committed",
        }
        self.engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args={
                "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
                "connect_timeout": 5,
                "tcp_user_timeout": 10_000,
                # Else a host that is cut off while the server works for it waits for hours.
                "keepalives_idle": 5,
                "keepalives_interval": 2,
                "application_name": "clicksoap outbox",
            },
            pool_size=5,
            max_overflow=10,
            pool_timeout=10,
            pool_pre_ping=True,
            hide_parameters=True,
        )

    @contextmanager
    def write(self) -> Generator[Connection]:
        """A transaction that writes."""
        with translated(), self.engine.connect() as connection, _transaction(connection):
            yield connection

    @contextmanager
    def read(self) -> Generator[Connection]:
        """A transaction that reads one state of the database."""
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with (
            translated(),
            self.engine.connect().execution_options(**options) as connection,
            _transaction(connection),
        ):
            yield connection

    def now(self, connection: Connection) -> float:
        """The time of the server, in seconds since 1970."""
        return float(connection.execute(_NOW).scalar_one())

    def is_missing(self) -> bool:
        """Never: only the server knows its databases."""
        return False

    def another(self) -> "PostgreSQL":
        """The same database with connections of its own."""
        return PostgreSQL(self.engine.url)

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()


@contextmanager
def _transaction(connection: Connection) -> Generator[None]:
    """A transaction of PostgreSQL.

    If the handler of a signal raises within a statement, nothing can be rolled back: psycopg still waits for it.
    Such a connection is closed, so that the server lets go of its locks, and no other error hides what was raised.
    """
    from psycopg.pq import TransactionStatus  # noqa: PLC0415 - an extra of its own

    transaction = connection.begin()
    try:
        yield
        transaction.commit()
    except BaseException:
        raw = None if connection.invalidated else connection.connection.dbapi_connection
        if raw is not None and raw.info.transaction_status is TransactionStatus.ACTIVE:
            connection.invalidate()
        with suppress(DBAPIError):
            transaction.rollback()
        raise


_NOW: Final = text("SELECT extract(epoch FROM clock_timestamp())::double precision")
