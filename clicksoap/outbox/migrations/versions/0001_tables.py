"""The tables."""

from alembic import op

from clicksoap.outbox.tables import METADATA

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    METADATA.create_all(op.get_bind())
