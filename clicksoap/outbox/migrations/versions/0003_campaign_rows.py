"""Columns for the rows of campaigns: their place in the source, their cells, their time zone and their alphabet."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_CAMPAIGN = ("started_at", "stop_after", "refused")
_MESSAGE = ("line", "source", "zone", "is_unicode")


def upgrade() -> None:
    """Add the columns; the index of the gateway's ids leaves out messages without one, so that an import is faster."""
    op.add_column("clicksoap_campaign", sa.Column("started_at", sa.Double(), nullable=True))
    op.add_column("clicksoap_campaign", sa.Column("stop_after", sa.Integer(), nullable=True))
    op.add_column("clicksoap_campaign", sa.Column("refused", sa.Integer(), server_default="0", nullable=False))
    op.add_column("clicksoap_message", sa.Column("line", sa.Integer(), nullable=True))
    op.add_column("clicksoap_message", sa.Column("source", sa.Text(), nullable=True))
    op.add_column("clicksoap_message", sa.Column("zone", sa.String(length=64), nullable=True))
    op.add_column("clicksoap_message", sa.Column("is_unicode", sa.Boolean(), nullable=True))
    op.drop_column("clicksoap_message", "closes_at")
    op.create_index(
        "clicksoap_message_zone",
        "clicksoap_message",
        ["campaign_id", "zone", "due_at", "id"],
        postgresql_where=sa.text("zone IS NOT NULL AND state = 'pending'"),
        sqlite_where=sa.text("zone IS NOT NULL AND state = 'pending'"),
    )
    op.drop_index("clicksoap_message_gateway_id", "clicksoap_message")
    op.create_index(
        "clicksoap_message_gateway_id",
        "clicksoap_message",
        ["message_id"],
        postgresql_where=sa.text("message_id IS NOT NULL"),
        sqlite_where=sa.text("message_id IS NOT NULL"),
    )


def downgrade() -> None:
    """Take the columns away again."""
    op.drop_index("clicksoap_message_gateway_id", "clicksoap_message")
    op.create_index("clicksoap_message_gateway_id", "clicksoap_message", ["message_id"], unique=False)
    op.drop_index("clicksoap_message_zone", "clicksoap_message")
    op.add_column("clicksoap_message", sa.Column("closes_at", sa.Double(), nullable=True))
    for name in _MESSAGE:
        op.drop_column("clicksoap_message", name)
    for name in _CAMPAIGN:
        op.drop_column("clicksoap_campaign", name)
