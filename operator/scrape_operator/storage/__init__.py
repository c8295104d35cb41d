"""Stores runs, items and odds with SQLAlchemy, on SQLite and PostgreSQL."""
