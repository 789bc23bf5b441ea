"""The tables of the outbox. Times are seconds since 1970, UTC, by the clock of the database.

All names begin with ``clicksoap_``, because the tables may live in the database of the caller.
"""

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Double,
    Index,
    Integer,
    MetaData,
    Row,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    case,
    literal_column,
    null,
    select,
    text,
)

if TYPE_CHECKING:
    DatabaseRow = Row[*tuple[Any, ...]]
    """A row of a query."""
else:  # SQLAlchemy 2.0 has rows of one type, 2.1 of many
    DatabaseRow = Row

METADATA: Final = MetaData()

# SQLite numbers rows by itself only in a column of type INTEGER.
_ID: Final = BigInteger().with_variant(Integer, "sqlite")
_REQUEST_ID: Final = String(32)

MARK: Final = Table(
    "clicksoap_mark",
    METADATA,
    Column("uuid", String(32), primary_key=True),
    Column("generation", Integer, nullable=False),
    Column("high_water", BigInteger, nullable=False),
    Column("restored_at", Double),
)

ACCOUNT: Final = Table(
    "clicksoap_account",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("fingerprint", String(64)),
    Column("rate", Double),
    Column("free_at", Double, nullable=False, server_default="0"),
    Column("paused_until", Double),
    Column("paused_why", Text),
    Column("paused_since", Double),
    Column("accepted_at", Double),
    Column("balance", Double),
    Column("balance_at", Double),
    Column("balance_floor", Double),
)

CAMPAIGN: Final = Table(
    "clicksoap_campaign",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("key", String(200), nullable=False, unique=True),
    Column("state", String(16), nullable=False),
    Column("source_hash", String(64)),
    Column("plan", Text),
    Column("paused_why", Text),
    Column("again_of", BigInteger),
    Column("again_why", Text),
    Column("note", Text),
    Column("created_at", Double, nullable=False),
    Column("started_at", Double),
    Column("stop_after", Integer),
    Column("refused", Integer, nullable=False, server_default="0"),
)

CONTENT: Final = Table(
    "clicksoap_content",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("text", Text),
    Column("options", Text, nullable=False),
)

MESSAGE: Final = Table(
    "clicksoap_message",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("campaign_id", BigInteger, nullable=False),
    Column("row_key", String(200), nullable=False),
    Column("member", Integer, nullable=False, server_default="0"),
    Column("account", String(64), nullable=False),
    Column("msisdn", String(15)),
    Column("given", Text),
    Column("content_id", BigInteger),
    Column("text", Text),
    Column("options", Text),
    Column("digest", String(64), nullable=False),
    Column("batch", String(200)),
    Column("parts", Integer, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("due_at", Double, nullable=False),
    Column("expires_at", Double),
    Column("sensitive", Boolean, nullable=False),
    Column("ignore_suppression", Boolean, nullable=False),
    Column("state", String(16), nullable=False),
    Column("why", Text),
    Column("request_id", _REQUEST_ID),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("ask_first", Integer, nullable=False, server_default="0"),
    Column("pauses", Integer, nullable=False, server_default="0"),
    Column("message_id", String(64)),
    Column("code", String(8)),
    Column("delivery", String(8)),
    Column("delivery_at", Double),
    Column("charge", String(32)),
    Column("tag", String(200)),
    Column("settled_at", Double),
    Column("line", Integer),
    Column("source", Text),
    Column("zone", String(64)),
    Column("is_unicode", Boolean),
    UniqueConstraint("campaign_id", "row_key", "member", name="clicksoap_message_key"),
)

KEPT_TEXT: Final = case((MESSAGE.c.sensitive, null()), else_=MESSAGE.c.text)
"""The text of a message that is settled: wiped if it is sensitive."""

# Literals and no parameters: with these PostgreSQL plans the indexes below, also in a prepared statement.
PENDING: Final[ColumnElement[str]] = literal_column("'pending'")
SENDING: Final[ColumnElement[str]] = literal_column("'sending'")

RUNNING: Final = select(CAMPAIGN.c.id).where(CAMPAIGN.c.state == "running")
"""The campaigns whose messages leave; the stream is one of them."""

IS_NO_PLAN: Final = MESSAGE.c.campaign_id.not_in(
    select(CAMPAIGN.c.id).where(CAMPAIGN.c.state.in_(["planning", "planned", "discarded"]))
)
"""Whether a row is a message, and no row of a plan that was never sent."""

# The claim reads this index alone.
Index(
    "clicksoap_message_due",
    MESSAGE.c.account,
    MESSAGE.c.campaign_id,
    MESSAGE.c.priority,
    MESSAGE.c.due_at,
    MESSAGE.c.id,
    postgresql_where=text("state = 'pending'"),
    sqlite_where=text("state = 'pending'"),
)
Index(
    "clicksoap_message_batch",
    MESSAGE.c.campaign_id,
    MESSAGE.c.batch,
    postgresql_where=text("batch IS NOT NULL AND state = 'pending'"),
    sqlite_where=text("batch IS NOT NULL AND state = 'pending'"),
)
Index(
    "clicksoap_message_expires",
    MESSAGE.c.expires_at,
    postgresql_where=text("expires_at IS NOT NULL AND state = 'pending'"),
    sqlite_where=text("expires_at IS NOT NULL AND state = 'pending'"),
)
# No request holds a number twice.
Index(
    "clicksoap_message_request",
    MESSAGE.c.request_id,
    MESSAGE.c.msisdn,
    unique=True,
    postgresql_where=text("request_id IS NOT NULL"),
    sqlite_where=text("request_id IS NOT NULL"),
)
Index("clicksoap_message_msisdn", MESSAGE.c.msisdn)
Index(
    "clicksoap_message_gateway_id",
    MESSAGE.c.message_id,
    postgresql_where=text("message_id IS NOT NULL"),
    sqlite_where=text("message_id IS NOT NULL"),
)
# The rows of a campaign that have a time zone each: the claim takes those of the zones where it is not quiet.
Index(
    "clicksoap_message_zone",
    MESSAGE.c.campaign_id,
    MESSAGE.c.zone,
    MESSAGE.c.due_at,
    MESSAGE.c.id,
    postgresql_where=text("zone IS NOT NULL AND state = 'pending'"),
    sqlite_where=text("zone IS NOT NULL AND state = 'pending'"),
)

REQUEST: Final = Table(
    "clicksoap_request",
    METADATA,
    Column("id", _REQUEST_ID, primary_key=True),
    Column("account", String(64), nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("binding", String(32), nullable=False),
    Column("size", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("worker", String(200), nullable=False),
    Column("claimed_at", Double, nullable=False),
    Column("dead_at", Double, nullable=False),
    Column("ask_at", Double, nullable=False),
    Column("asked", Integer, nullable=False, server_default="0"),
    Column("denied_at", Double),
    Column("proof", Text),
    Column("answered_at", Double),
)
Index(
    "clicksoap_request_ask",
    REQUEST.c.account,
    REQUEST.c.ask_at,
    postgresql_where=text("state = 'sending'"),
    sqlite_where=text("state = 'sending'"),
)

ATTEMPT: Final = Table(
    "clicksoap_attempt",
    METADATA,
    Column("request_id", _REQUEST_ID, primary_key=True),
    Column("message_id", BigInteger, primary_key=True),
    Index("clicksoap_attempt_message", "message_id"),
)

REPORT: Final = Table(
    "clicksoap_report",
    METADATA,
    Column("message_id", String(64), nullable=False),
    Column("client_message_id", String(64)),
    Column("msisdn", String(32)),
    Column("status", String(8), nullable=False),
    Column("at", Double, nullable=False),
    Column("charge", String(32)),
    Column("received_at", Double, nullable=False),
    UniqueConstraint("message_id", "status", "at", name="clicksoap_report_key"),
)

SUPPRESSED: Final = Table(
    "clicksoap_suppressed",
    METADATA,
    Column("msisdn", String(15), primary_key=True),
    Column("account", String(64), primary_key=True),
    Column("why", Text, nullable=False),
    Column("since", Double, nullable=False),
)

INBOUND: Final = Table(
    "clicksoap_inbound",
    METADATA,
    Column("message_id", String(64), primary_key=True),
    Column("data", Text, nullable=False),
    Column("at", Double, nullable=False),
)

EVENT: Final = Table(
    "clicksoap_event",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("at", Double, nullable=False),
    Column("who", String(200), nullable=False),
    Column("what", String(64), nullable=False),
    Column("detail", Text, nullable=False),
    Column("message_id", BigInteger),
    Column("request_id", _REQUEST_ID),
    Column("campaign_id", BigInteger),
)

WORKER: Final = Table(
    "clicksoap_worker",
    METADATA,
    Column("name", String(200), primary_key=True),
    Column("account", String(64), primary_key=True),
    Column("slice_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
)

VERSION_TABLE: Final = "clicksoap_version"
STREAM: Final = 0
"""The campaign of the messages that are enqueued one by one."""
