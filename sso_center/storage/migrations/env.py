"""Run by Alembic, inside the transaction and the lock that `sso_center.storage.migrate` holds."""

from alembic import context

from sso_center.storage.schema import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=metadata, render_as_batch=connection.dialect.name == "sqlite"
)
context.run_migrations()
