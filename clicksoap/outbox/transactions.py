"""The caller's own transaction: SQLAlchemy, psycopg, sqlite3 or Django, each by the statements of its own driver."""

from collections.abc import Awaitable, Callable, Generator, Sequence
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

Execute = Callable[[Statement], list[Row]]
ExecuteAsync = Callable[[Statement], Awaitable[list[Row]]]

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
    return _kind(transaction) == "sqlite3" or getattr(transaction, "vendor", "") == "sqlite"


def _bound(transaction: Any) -> Any:
    """SQLAlchemy's connection or engine behind a session; any other object as it is."""
    return transaction.get_bind() if hasattr(transaction, "get_bind") else transaction


def _kind(transaction: object) -> str:
    module = {each.__module__.partition(".")[0] for each in type(transaction).__mro__}
    return next((name for name in ("sqlalchemy", "psycopg", "sqlite3", "django") if name in module), "")


def _executor(transaction: Any) -> Execute:
    kind = _kind(transaction)
    if kind == "sqlalchemy":
        for name, asynchronous in (("sync_session", "AsyncSession"), ("sync_connection", "AsyncConnection")):
            if hasattr(transaction, name):
                raise InvalidInput(f"transaction is an {asynchronous}: give it to enqueue_async()")
        if hasattr(transaction, "get_bind"):
            return _SQLAlchemy(transaction.connection())
        if hasattr(transaction, "exec_driver_sql"):
            return _SQLAlchemy(transaction)
    elif kind == "sqlite3":
        return _SQLite3(transaction)
    elif kind == "psycopg" and hasattr(transaction, "execute") and not _is_async(transaction):
        return _Psycopg(transaction)
    elif kind == "django" and hasattr(transaction, "cursor"):
        return _Django(transaction)
    raise InvalidInput(f"transaction is {type(transaction).__name__}: give {_KINDS}")


class _SQLAlchemy:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __call__(self, statement: Statement) -> list[Row]:
        sql = _spelled(statement, self._connection.dialect.paramstyle)
        rows: list[Any] = self._connection.exec_driver_sql(sql, tuple(statement.values)).fetchall()
        return [tuple(row) for row in rows]


class _SQLite3:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __call__(self, statement: Statement) -> list[Row]:
        cursor = self._connection.cursor()
        cursor.row_factory = None  # the caller may have one of its own, such as for dicts
        rows: list[Row] = cursor.execute(_with_marks(statement), tuple(statement.values)).fetchall()
        return rows


class _Psycopg:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __call__(self, statement: Statement) -> list[Row]:
        from psycopg import Cursor  # noqa: PLC0415 - the caller has it
        from psycopg.rows import tuple_row  # noqa: PLC0415 - as above

        # The caller's kind of cursor may give dicts, or mark values in another way.
        with Cursor(self._connection, row_factory=tuple_row) as cursor:
            return cursor.execute(statement.sql.encode(), tuple(statement.values)).fetchall()


class _Django:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __call__(self, statement: Statement) -> list[Row]:
        with self._connection.cursor() as cursor:
            cursor.execute(statement.sql, tuple(statement.values))
            rows: list[Any] = cursor.fetchall()
            return [tuple(row) for row in rows]


def _async_executor(transaction: Any) -> ExecuteAsync:
    kind = _kind(transaction)
    if kind == "sqlalchemy" and (hasattr(transaction, "sync_session") or hasattr(transaction, "sync_connection")):
        return _AsyncSQLAlchemy(transaction)
    if kind == "psycopg" and _is_async(transaction):
        return _AsyncPsycopg(transaction)
    raise InvalidInput(
        f"transaction is {type(transaction).__name__}: give an AsyncSession or an AsyncConnection of SQLAlchemy, "
        "or an AsyncConnection of psycopg; others go to enqueue()"
    )


class _AsyncSQLAlchemy:
    def __init__(self, transaction: Any) -> None:
        self._transaction = transaction

    async def __call__(self, statement: Statement) -> list[Row]:
        is_session = hasattr(self._transaction, "sync_session")
        connection = await self._transaction.connection() if is_session else self._transaction
        result = await connection.exec_driver_sql(
            _spelled(statement, connection.dialect.paramstyle), tuple(statement.values)
        )
        rows: list[Any] = result.fetchall()
        return [tuple(row) for row in rows]


class _AsyncPsycopg:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def __call__(self, statement: Statement) -> list[Row]:
        from psycopg import AsyncCursor  # noqa: PLC0415 - the caller has it
        from psycopg.rows import tuple_row  # noqa: PLC0415 - as above

        async with AsyncCursor(self._connection, row_factory=tuple_row) as cursor:
            await cursor.execute(statement.sql.encode(), tuple(statement.values))
            rows: list[Row] = await cursor.fetchall()
            return rows


def _is_async(transaction: object) -> bool:
    return "Async" in "".join(each.__name__ for each in type(transaction).__mro__)


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
