"""Events are for ever: triggers refuse to change and to delete them."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the triggers."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER clicksoap_event_{verb.lower()} BEFORE {verb} ON clicksoap_event "
                "BEGIN SELECT RAISE(ABORT, 'events of the outbox are not changed'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION clicksoap_event_kept() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'events of the outbox are not changed'; END $$"
    )
    op.execute(
        "CREATE TRIGGER clicksoap_event_kept BEFORE UPDATE OR DELETE ON clicksoap_event "
        "FOR EACH ROW EXECUTE FUNCTION clicksoap_event_kept()"
    )


def downgrade() -> None:
    """Drop the triggers."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(f"DROP TRIGGER clicksoap_event_{verb.lower()}")
        return
    op.execute("DROP TRIGGER clicksoap_event_kept ON clicksoap_event")
    op.execute("DROP FUNCTION clicksoap_event_kept()")
