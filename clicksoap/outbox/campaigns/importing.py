"""Writes the rows of a campaign into the outbox, thousands by one statement."""

import json
import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, delete, select

from clicksoap.outbox.dialects import insert_missing
from clicksoap.outbox.identity import digest
from clicksoap.outbox.tables import CAMPAIGN, CONTENT, MESSAGE

CHUNK: Final = 2000
"""How many rows are written in one transaction: others wait for it no longer than some 50 ms."""


class NewRow(NamedTuple):
    """A row of the table of messages, in the order of `_COLUMNS`."""

    row_key: str
    member: int
    msisdn: str | None
    given: str | None
    content_id: int | None
    text: str | None
    options: str | None
    digest: str
    batch: str | None
    parts: int
    due_at: float
    expires_at: float | None
    state: str
    why: str | None
    tag: str | None
    settled_at: float | None
    line: int
    source: str
    zone: str | None
    is_unicode: bool | None
    campaign_id: int
    account: str
    created_at: float
    priority: int = 1
    sensitive: bool = False
    ignore_suppression: bool = False


_COLUMNS: Final = ", ".join(NewRow._fields)
_COPY: Final = f"COPY clicksoap_message ({_COLUMNS}) FROM STDIN"
_LINES: Final = select(MESSAGE.c.row_key, MESSAGE.c.line).where(
    MESSAGE.c.campaign_id == bindparam("campaign"),
    MESSAGE.c.row_key.in_(bindparam("keys", expanding=True)),
    MESSAGE.c.member == 0,
)
_LINES_OF_NUMBERS: Final = select(MESSAGE.c.msisdn, MESSAGE.c.line).where(
    MESSAGE.c.msisdn.in_(bindparam("numbers", expanding=True)),
    MESSAGE.c.campaign_id == bindparam("campaign"),
    MESSAGE.c.state == "pending",
)
_SOME: Final = 500  # of the values of one IN


def insert(connection: Connection, rows: Sequence[NewRow]) -> None:
    """Write rows whose keys are new."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        statement, bound = _inlined(rows)
        connection.exec_driver_sql(statement, [tuple([row[position] for position in bound]) for row in rows])
        return
    raw: Any = connection.connection.dbapi_connection
    with raw.cursor() as cursor, cursor.copy(_COPY) as copy:
        for row in rows:
            copy.write_row(row)


def _inlined(rows: Sequence[NewRow]) -> tuple[str, list[int]]:
    """The statement for rows, and the positions of its parameters; what all rows share stands in the statement.

    SQLite's driver takes twice as long for a row if it binds the same twenty values again and again (measured).
    """
    first, last = rows[0], rows[-1]
    bound: list[int] = []
    values: list[str] = []
    for position, value in enumerate(first):
        literal = _literal(value) if value == last[position] else None
        if literal is not None and all(row[position] == value for row in rows):
            values.append(literal)
        else:
            values.append("?")
            bound.append(position)
    return f"INSERT INTO clicksoap_message ({_COLUMNS}) VALUES ({', '.join(values)})", bound  # noqa: S608 - see _literal


def _literal(value: object) -> str | None:
    """A value as it stands in a statement; None for a text that would have to be quoted with care."""
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return f"'{value}'" if _HARMLESS.fullmatch(value) else None
    return repr(int(value)) if isinstance(value, int) else repr(value)


_HARMLESS: Final = re.compile("[A-Za-z0-9 _.-]*")


def lines_of_keys(connection: Connection, campaign: int, keys: Sequence[str]) -> dict[str, int]:
    """The line of each key that a campaign has."""
    found: dict[str, int] = {}
    for start in range(0, len(keys), _SOME):
        given = {"campaign": campaign, "keys": list(keys[start : start + _SOME])}
        found |= {str(key): int(line) for key, line in connection.execute(_LINES, given)}
    return found


def lines_of_numbers(connection: Connection, campaign: int, numbers: Sequence[str]) -> dict[str, int]:
    """The first line of each number that a campaign sends to."""
    found: dict[str, int] = {}
    for start in range(0, len(numbers), _SOME):
        given = {"campaign": campaign, "numbers": list(numbers[start : start + _SOME])}
        for number, line in connection.execute(_LINES_OF_NUMBERS, given):
            found[str(number)] = min(int(line), found.get(str(number), int(line)))
    return found


def content_id(connection: Connection, uuid: str, options: str, text: str | None) -> int:
    """The number of the options, and of the text if rows share it."""
    hashed = digest(uuid, "content", json.dumps([options, text]))
    connection.execute(insert_missing(connection, CONTENT).values(digest=hashed, text=text, options=options))
    return int(connection.execute(select(CONTENT.c.id).where(CONTENT.c.digest == hashed)).scalar_one())


def remove(connection: Connection, campaign: int, most: int) -> bool:
    """Remove some rows of a plan that was never sent, and at last the plan; returns whether there are more."""
    some = select(MESSAGE.c.id).where(MESSAGE.c.campaign_id == campaign).limit(most)
    if connection.execute(delete(MESSAGE).where(MESSAGE.c.id.in_(some))).rowcount:
        return True
    connection.execute(delete(CAMPAIGN).where(CAMPAIGN.c.id == campaign))
    return False
