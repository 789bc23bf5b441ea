"""Rows as one JSON value of a statement: hundreds are written by one statement, and the driver waits once."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import BigInteger, Double, FromClause, Integer, Text, bindparam, cast, column, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

_PARAMETER: Final = "rows"


def number() -> TypeEngine[int]:
    """The type of a column of whole numbers."""
    return BigInteger()


def small() -> TypeEngine[int]:
    """The type of a column of small whole numbers."""
    return Integer()


def real() -> TypeEngine[float]:
    """The type of a column of seconds."""
    return Double()


def words() -> TypeEngine[str]:
    """The type of a column of texts."""
    return Text()


def table(dialect: str, **columns: TypeEngine[Any]) -> FromClause:
    """A table of the rows that `parameter` gives, for a statement of one of the two databases.

    Args:
        dialect: ``sqlite`` or ``postgresql``.
        columns: The columns by name.
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


def parameter(rows: Sequence[Mapping[str, object]]) -> dict[str, str]:
    """The rows as the parameter of a statement over `table`."""
    return {_PARAMETER: json.dumps(rows)}
