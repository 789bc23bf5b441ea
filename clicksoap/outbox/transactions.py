"""The caller's own transaction: SQLAlchemy, psycopg, sqlite3 or Django, each by the statements of its own driver."""

import contextlib
import sqlite3
from collections.abc import Generator, Sequence
from typing import Any, Final, NamedTuple, TypeVar

from clicksoap.errors import InvalidInput

T = TypeVar("T")
Row = tuple[Any, ...]


class Statement(NamedTuple):
    """A statement, with ``%s`` for each value, and its values in order."""

    sql: str
    values: Sequence[object] = ()


Statements = Generator[Statement, list[Row], T]
"""Yields statements; is sent the rows of each; returns its result. It waits for nothing."""

_KINDS: Final = (
    "a Connection or a Session of SQLAlchemy, a connection of psycopg or sqlite3, or django.db.connection; "
    "their asynchronous kinds go to enqueue_async()"
)


def run(transaction: object, statements: Statements[T]) -> T:
    """Carry statements out within a caller's transaction, which stays open.

    Raises:
        InvalidInput: The object is no transaction that the outbox knows.
    """
    execute = _executor(transaction)
    rows: list[Row] | None = None
    while True:
        try:
            statement = next(statements) if rows is None else statements.send(rows)
        except StopIteration as end:
            result: T = end.value
            return result
        rows = execute(statement)


async def run_async(transaction: object, statements: Statements[T]) -> T:
    """Carry statements out within a caller's asynchronous transaction, which stays open.

    Raises:
        InvalidInput: The object is no asynchronous transaction that the outbox knows.
    """
    execute = _async_executor(transaction)
    rows: list[Row] | None = None
    while True:
        try:
            statement = next(statements) if rows is None else statements.send(rows)
        except StopIteration as end:
            result: T = end.value
            return result
        rows = await execute(statement)


def is_sqlite(transaction: object) -> bool:
    """Whether a caller's transaction is one of SQLite."""
    dialect = getattr(_bound(transaction), "dialect", None)
    if dialect is not None:
        return str(dialect.name) == "sqlite"
    return isinstance(transaction, sqlite3.Connection) or getattr(transaction, "vendor", "") == "sqlite"


def _bound(transaction: Any) -> Any:
    """SQLAlchemy's connection or engine behind a session; any other object as it is."""
    return transaction.get_bind() if hasattr(transaction, "get_bind") else transaction


def _kind(transaction: object) -> str:
    module = {each.__module__.partition(".")[0] for each in type(transaction).__mro__}
    return next((name for name in ("sqlalchemy", "psycopg", "sqlite3", "django") if name in module), "")


def _executor(transaction: Any) -> Any:
    kind = _kind(transaction)
    # Asked for first: what an asynchronous kind has of the others' attributes raises errors of its own.
    if kind == "sqlalchemy" and hasattr(transaction, "sync_session"):
        raise InvalidInput("transaction is an AsyncSession: give it to enqueue_async()")
    if kind == "sqlalchemy" and hasattr(transaction, "sync_connection"):
        raise InvalidInput("transaction is an AsyncConnection: give it to enqueue_async()")
    if kind == "sqlalchemy" and hasattr(transaction, "get_bind") and hasattr(transaction, "connection"):
        return _sqlalchemy(transaction.connection())
    if kind == "sqlalchemy" and hasattr(transaction, "exec_driver_sql"):
        return _sqlalchemy(transaction)
    if kind == "sqlite3" or isinstance(transaction, sqlite3.Connection):
        return lambda statement: _by_sqlite(transaction, statement)
    if kind == "psycopg" and hasattr(transaction, "execute") and not _is_async(transaction):
        return lambda statement: _by_psycopg(transaction, statement)
    if kind == "django" and hasattr(transaction, "cursor"):
        return lambda statement: _by_cursor(transaction, statement)
    raise InvalidInput(f"transaction is {type(transaction).__name__}: give {_KINDS}")


def _async_executor(transaction: Any) -> Any:
    kind = _kind(transaction)
    if kind == "sqlalchemy" and hasattr(transaction, "sync_session"):

        async def in_session(statement: Statement) -> list[Row]:
            return await _execute_async(await transaction.connection(), statement)

        return in_session
    if kind == "sqlalchemy" and hasattr(transaction, "sync_connection"):
        return lambda statement: _execute_async(transaction, statement)
    if kind == "psycopg" and _is_async(transaction):

        async def by_psycopg(statement: Statement) -> list[Row]:
            from psycopg import AsyncCursor  # noqa: PLC0415 - it is there, as its connection is
            from psycopg.rows import tuple_row  # noqa: PLC0415 - as above

            async with AsyncCursor(transaction, row_factory=tuple_row) as cursor:
                await cursor.execute(statement.sql.encode(), tuple(statement.values))
                return await cursor.fetchall()

        return by_psycopg
    raise InvalidInput(
        f"transaction is {type(transaction).__name__}: give an AsyncSession or an AsyncConnection of SQLAlchemy, "
        "or an AsyncConnection of psycopg; others go to enqueue()"
    )


def _is_async(transaction: object) -> bool:
    return "Async" in "".join(each.__name__ for each in type(transaction).__mro__)


def _sqlalchemy(connection: Any) -> Any:
    def execute(statement: Statement) -> list[Row]:
        sql = _spelled(statement, connection.dialect.paramstyle)
        return [tuple(row) for row in connection.exec_driver_sql(sql, tuple(statement.values)).fetchall()]

    return execute


async def _execute_async(connection: Any, statement: Statement) -> list[Row]:
    sql = _spelled(statement, connection.dialect.paramstyle)
    result = await connection.exec_driver_sql(sql, tuple(statement.values))
    return [tuple(row) for row in result.fetchall()]


# Cursors of our own: those of the caller's connection may give rows as dicts, or mark values in another way.


def _by_psycopg(transaction: Any, statement: Statement) -> list[Row]:
    from psycopg import Cursor  # noqa: PLC0415 - it is there, as its connection is
    from psycopg.rows import tuple_row  # noqa: PLC0415 - as above

    with Cursor(transaction, row_factory=tuple_row) as cursor:
        return cursor.execute(statement.sql.encode(), tuple(statement.values)).fetchall()


def _by_sqlite(transaction: sqlite3.Connection, statement: Statement) -> list[Row]:
    with contextlib.closing(sqlite3.Cursor(transaction)) as cursor:
        cursor.row_factory = None
        return cursor.execute(_with_marks(statement), tuple(statement.values)).fetchall()


def _by_cursor(transaction: Any, statement: Statement) -> list[Row]:
    with transaction.cursor() as cursor:
        cursor.execute(statement.sql, tuple(statement.values))
        return [tuple(row) for row in cursor.fetchall()]


def _spelled(statement: Statement, paramstyle: str) -> str:
    """The statement with the marks of a driver."""
    if paramstyle == "qmark":
        return _with_marks(statement)
    if paramstyle in {"numeric", "numeric_dollar"}:
        sign = ":" if paramstyle == "numeric" else "$"
        pieces = statement.sql.split("%s")
        return "".join(f"{piece}{sign}{n}" if n < len(pieces) else piece for n, piece in enumerate(pieces, 1))
    return statement.sql


def _with_marks(statement: Statement) -> str:
    return statement.sql.replace("%s", "?")
