"""The tables, as they were in the first version: a later step changes them, and never this file."""

# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "clicksoap_account",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=True),
        sa.Column("rate", sa.Double(), nullable=True),
        sa.Column("free_at", sa.Double(), server_default="0", nullable=False),
        sa.Column("paused_until", sa.Double(), nullable=True),
        sa.Column("paused_why", sa.Text(), nullable=True),
        sa.Column("paused_since", sa.Double(), nullable=True),
        sa.Column("accepted_at", sa.Double(), nullable=True),
        sa.Column("balance", sa.Double(), nullable=True),
        sa.Column("balance_at", sa.Double(), nullable=True),
        sa.Column("balance_floor", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "clicksoap_attempt",
        sa.Column("request_id", sa.String(length=32), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", "message_id"),
    )
    op.create_index("clicksoap_attempt_message", "clicksoap_attempt", ["message_id"], unique=False)
    op.create_table(
        "clicksoap_campaign",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("source_hash", sa.String(length=64), nullable=True),
        sa.Column("plan", sa.Text(), nullable=True),
        sa.Column("paused_why", sa.Text(), nullable=True),
        sa.Column("again_of", sa.BigInteger(), nullable=True),
        sa.Column("again_why", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_table(
        "clicksoap_content",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("options", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_table(
        "clicksoap_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("what", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("request_id", sa.String(length=32), nullable=True),
        sa.Column("campaign_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "clicksoap_inbound",
        sa.Column("message_id", sa.String(length=64), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("message_id"),
    )
    op.create_table(
        "clicksoap_mark",
        sa.Column("uuid", sa.String(length=32), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("high_water", sa.BigInteger(), nullable=False),
        sa.Column("restored_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("uuid"),
    )
    op.create_table(
        "clicksoap_message",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("row_key", sa.String(length=200), nullable=False),
        sa.Column("member", sa.Integer(), server_default="0", nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("msisdn", sa.String(length=15), nullable=True),
        sa.Column("given", sa.Text(), nullable=True),
        sa.Column("content_id", sa.BigInteger(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("options", sa.Text(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("batch", sa.String(length=200), nullable=True),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=False),
        sa.Column("closes_at", sa.Double(), nullable=True),
        sa.Column("expires_at", sa.Double(), nullable=True),
        sa.Column("sensitive", sa.Boolean(), nullable=False),
        sa.Column("ignore_suppression", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("request_id", sa.String(length=32), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("ask_first", sa.Integer(), server_default="0", nullable=False),
        sa.Column("pauses", sa.Integer(), server_default="0", nullable=False),
        sa.Column("message_id", sa.String(length=64), nullable=True),
        sa.Column("code", sa.String(length=8), nullable=True),
        sa.Column("delivery", sa.String(length=8), nullable=True),
        sa.Column("delivery_at", sa.Double(), nullable=True),
        sa.Column("charge", sa.String(length=32), nullable=True),
        sa.Column("tag", sa.String(length=200), nullable=True),
        sa.Column("settled_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("campaign_id", "row_key", "member", name="clicksoap_message_key"),
    )
    op.create_index(
        "clicksoap_message_batch",
        "clicksoap_message",
        ["campaign_id", "batch"],
        unique=False,
        postgresql_where=sa.text("batch IS NOT NULL AND state = 'pending'"),
        sqlite_where=sa.text("batch IS NOT NULL AND state = 'pending'"),
    )
    op.create_index(
        "clicksoap_message_due",
        "clicksoap_message",
        ["account", "campaign_id", "priority", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'pending'"),
        sqlite_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "clicksoap_message_expires",
        "clicksoap_message",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("expires_at IS NOT NULL AND state = 'pending'"),
        sqlite_where=sa.text("expires_at IS NOT NULL AND state = 'pending'"),
    )
    op.create_index("clicksoap_message_gateway_id", "clicksoap_message", ["message_id"], unique=False)
    op.create_index("clicksoap_message_msisdn", "clicksoap_message", ["msisdn"], unique=False)
    op.create_index(
        "clicksoap_message_request",
        "clicksoap_message",
        ["request_id", "msisdn"],
        unique=True,
        postgresql_where=sa.text("request_id IS NOT NULL"),
        sqlite_where=sa.text("request_id IS NOT NULL"),
    )
    op.create_table(
        "clicksoap_report",
        sa.Column("message_id", sa.String(length=64), nullable=False),
        sa.Column("client_message_id", sa.String(length=64), nullable=True),
        sa.Column("msisdn", sa.String(length=32), nullable=True),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("charge", sa.String(length=32), nullable=True),
        sa.Column("received_at", sa.Double(), nullable=False),
        sa.UniqueConstraint("message_id", "status", "at", name="clicksoap_report_key"),
    )
    op.create_table(
        "clicksoap_request",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("binding", sa.String(length=32), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("worker", sa.String(length=200), nullable=False),
        sa.Column("claimed_at", sa.Double(), nullable=False),
        sa.Column("dead_at", sa.Double(), nullable=False),
        sa.Column("ask_at", sa.Double(), nullable=False),
        sa.Column("asked", sa.Integer(), server_default="0", nullable=False),
        sa.Column("denied_at", sa.Double(), nullable=True),
        sa.Column("proof", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "clicksoap_request_ask",
        "clicksoap_request",
        ["account", "ask_at"],
        unique=False,
        postgresql_where=sa.text("state = 'sending'"),
        sqlite_where=sa.text("state = 'sending'"),
    )
    op.create_table(
        "clicksoap_suppressed",
        sa.Column("msisdn", sa.String(length=15), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("msisdn", "account"),
    )
