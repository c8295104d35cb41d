"""Rows of items: upsert, and targets whose items have not changed."""
