"""Connections, transactions, column types and the group commit."""
