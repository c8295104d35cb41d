"""Adapters found by entry point, and the odds vocabulary that they share."""
