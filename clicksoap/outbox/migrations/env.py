"""Run by alembic: migrates the outbox on the connection that `clicksoap.outbox.schema` gives."""

from alembic import context

from clicksoap.outbox.tables import METADATA, VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
context.run_migrations()
