"""Writes messages one by one into the outbox, within a transaction of the caller."""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Final

from clicksoap.errors import KeyTaken, OutboxMismatch
from clicksoap.outbox.drafts import Draft
from clicksoap.outbox.identity import digest
from clicksoap.outbox.schema import check
from clicksoap.outbox.states import Priority
from clicksoap.outbox.tables import STREAM
from clicksoap.outbox.transactions import Row, Statement, Statements


@dataclass(frozen=True, slots=True)
class Enqueued:
    """A message that stands in the outbox, as soon as the caller's transaction is committed.

    Attributes:
        key: Its key.
        is_new: Whether this call wrote it; false if the same message was there before.
        recipients: How many recipients it has.
        parts: How many parts it has for each recipient.
    """

    key: str
    is_new: bool
    recipients: int
    parts: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A checked message with everything that its rows hold.

    Attributes:
        key: Its key.
        draft: Recipients, message and options.
        account: The account that sends it.
        priority: Its priority.
        due_at: When it may be sent, in seconds since 1970; None for at once.
        expires_in: After how many seconds it is not sent any more; None for never.
        sensitive: Whether its text is wiped once it is settled.
        ignore_suppression: Whether it is sent to a suppressed number, too.
        tag: A label of the caller's own.
        allowed: The MSISDNs that may get something; None for all. A message to another one is skipped.
    """

    key: str
    draft: Draft = field(repr=False)
    account: str
    priority: Priority
    due_at: float | None
    expires_in: float | None
    sensitive: bool
    ignore_suppression: bool
    tag: str | None
    allowed: frozenset[str] | None = field(default=None, repr=False)


_COLUMNS: Final = (
    "campaign_id",
    "row_key",
    "member",
    "account",
    "msisdn",
    "given",
    "text",
    "options",
    "digest",
    "batch",
    "parts",
    "priority",
    "created_at",
    "due_at",
    "expires_at",
    "sensitive",
    "ignore_suppression",
    "state",
    "why",
    "settled_at",
    "tag",
)
NOT_ALLOWED: Final = "the number is not on the allow-list"
_ROW: Final = f"({', '.join(['%s'] * len(_COLUMNS))})"
_SQLITE_EXISTS: Final = Statement("SELECT name FROM sqlite_master WHERE name = 'clicksoap_mark'")
_POSTGRESQL_EXISTS: Final = Statement("SELECT 1 WHERE to_regclass('clicksoap_mark') IS NOT NULL")
_MARK: Final = "SELECT mark.uuid, version.version_num, {now} FROM clicksoap_mark mark, clicksoap_version version"
_POSTGRESQL_NOW: Final = "extract(epoch FROM clock_timestamp())::double precision"


def enqueue(entry: Entry, uuid: str, now: float, *, is_sqlite: bool) -> Statements[Enqueued]:
    """The statements that write a message.

    A key that is there already changes nothing, if it names the same message.

    Args:
        entry: The message.
        uuid: The uuid of the outbox that is meant.
        now: The present time, for SQLite; PostgreSQL has a clock of its own.
        is_sqlite: Whether the transaction is one of SQLite.

    Raises:
        OutboxMismatch: The transaction's database holds no outbox, another one, or one of another version.
        KeyTaken: The key names another message.
    """
    now = yield from _present(uuid, now, is_sqlite=is_sqlite)
    rows = _rows(entry, uuid, now)
    # A second caller with the same key waits here for the first one's transaction.
    if (yield _insert(rows[:1])):
        if rows[1:]:
            yield _insert(rows[1:])
        is_new = True
    else:
        yield from _check_same(entry, uuid)
        is_new = False
    return Enqueued(entry.key, is_new, len(rows), entry.draft.parts)


def _present(uuid: str, now: float, *, is_sqlite: bool) -> Statements[float]:
    """The time by the database's clock, after the outbox of the transaction was found to be the one that is meant."""
    if not (yield _SQLITE_EXISTS if is_sqlite else _POSTGRESQL_EXISTS):
        raise OutboxMismatch(
            "the transaction's database holds no outbox: give a transaction of the database that the Outbox names"
        )
    rows = yield Statement(_MARK.format(now="NULL" if is_sqlite else _POSTGRESQL_NOW))
    found, version, clock = rows[0]
    check(str(version))
    if str(found) != uuid:
        raise OutboxMismatch(
            "the transaction's database holds another outbox: give a transaction of the database that the Outbox names"
        )
    return now if clock is None else float(clock)


def _rows(entry: Entry, uuid: str, now: float) -> list[tuple[object, ...]]:
    draft = entry.draft
    hashed = digest(uuid, draft.stored.kind, draft.stored.text)
    batch = entry.key if len(draft.msisdns) > 1 else None
    expires_at = None if entry.expires_in is None else now + entry.expires_in
    due_at = now if entry.due_at is None else entry.due_at
    return [
        (
            STREAM,
            entry.key,
            member,
            entry.account,
            msisdn,
            given,
            draft.stored.text,
            draft.stored.options,
            hashed,
            batch,
            draft.parts,
            int(entry.priority),
            now,
            due_at,
            expires_at,
            entry.sensitive,
            entry.ignore_suppression,
            *_state(entry, msisdn, now),
            entry.tag,
        )
        for member, (msisdn, given) in enumerate(zip(draft.msisdns, draft.given, strict=True))
    ]


def _state(entry: Entry, msisdn: str, now: float) -> tuple[str, str | None, float | None]:
    if entry.allowed is None or msisdn in entry.allowed:
        return "pending", None, None
    return "skipped", NOT_ALLOWED, now


def _insert(rows: list[tuple[object, ...]]) -> Statement:
    return Statement(
        f"INSERT INTO clicksoap_message ({', '.join(_COLUMNS)}) VALUES {', '.join([_ROW] * len(rows))} "  # noqa: S608 - constants
        "ON CONFLICT (campaign_id, row_key, member) DO NOTHING RETURNING id",
        [value for row in rows for value in row],
    )


def _check_same(entry: Entry, uuid: str) -> Generator[Statement, list[Row], None]:
    rows = yield Statement(
        "SELECT digest, msisdn FROM clicksoap_message WHERE campaign_id = %s AND row_key = %s ORDER BY member",
        (STREAM, entry.key),
    )
    hashed = digest(uuid, entry.draft.stored.kind, entry.draft.stored.text)
    # After the retention a row has no number any more; its hash stays.
    same_text = all(row[0] == hashed for row in rows)
    same_numbers = len(rows) == len(entry.draft.msisdns) and all(
        row[1] in (None, msisdn) for row, msisdn in zip(rows, entry.draft.msisdns, strict=True)
    )
    if same_text and same_numbers:
        return
    what = "another text" if not same_text else "other recipients"
    raise KeyTaken(
        f"key {entry.key!r} names a message with {what} already: give each message a key of its own, "
        "and the same call the same key"
    )
