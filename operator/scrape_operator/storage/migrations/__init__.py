"""The versions of the schema, for alembic; `storage.migrate` runs them."""
