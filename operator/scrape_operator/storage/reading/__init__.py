"""Queries for people: history, items and odds, for the CLI and the read API."""
