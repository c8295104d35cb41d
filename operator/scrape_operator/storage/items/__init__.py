"""Rows of items: upsert, unchanged targets, totals."""
