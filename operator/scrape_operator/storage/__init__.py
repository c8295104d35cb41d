"""SQLAlchemy lives here: tables, one SQL store for SQLite and PostgreSQL, migrations."""
