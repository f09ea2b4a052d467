"""Alembic's way in: the connection comes from `app.storage.records.database`, which holds the lock."""

from alembic import context

from app.storage.records.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
