"""Rows as one JSON value of a statement: hundreds are written by one statement, and the driver waits once."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Insert,
    Text,
    Update,
    bindparam,
    cast,
    column,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

_PARAMETER: Final = "rows"


def table(dialect: str, **columns: TypeEngine[Any]) -> FromClause:
    """A table of the rows that `execute` gives, for a statement of one of the two databases.

    Args:
        dialect: ``sqlite`` or ``postgresql``.
        columns: The types of the columns by name.
    """
    rows = bindparam(_PARAMETER, type_=Text())
    if dialect == "postgresql":
        typed = [column(name, type_) for name, type_ in columns.items()]
        records = func.jsonb_to_recordset(cast(rows, JSONB)).table_valued(*typed)
        return records.render_derived(name="given", with_types=True)
    each = func.json_each(rows).table_valued("value", name="each")
    return select(
        *[func.json_extract(each.c.value, f"$.{name}", type_=type_).label(name) for name, type_ in columns.items()]
    ).subquery("given")


def among(dialect: str, value: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Whether a text is one of those in a parameter, which is given as `texts`.

    One parameter for all of them: SQLAlchemy takes some 10 µs for each one of an ``IN`` (measured).

    Args:
        dialect: ``sqlite`` or ``postgresql``.
        value: The text.
        name: The name of the parameter.
    """
    given = bindparam(name, type_=Text())
    if dialect == "postgresql":
        return value.in_(select(func.jsonb_array_elements_text(cast(given, JSONB)).column_valued("each")))
    return value.in_(select(func.json_each(given).table_valued("value", name="each").c.value))


def texts(values: Sequence[str]) -> str:
    """Texts as the one parameter that `among` takes."""
    return json.dumps(values)


def execute(
    connection: Connection, statement: Callable[[str], Update | Insert], rows: Sequence[Mapping[str, object]]
) -> int:
    """Write rows by a statement over `table`, and return how many it changed.

    Args:
        connection: The transaction.
        statement: Makes the statement for a dialect.
        rows: The rows, by the names of the columns.
    """
    given = {_PARAMETER: json.dumps(rows)}
    return connection.execute(statement(connection.dialect.name), given).rowcount
