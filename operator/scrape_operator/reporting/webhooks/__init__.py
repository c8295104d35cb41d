"""Delivers messages to webhooks."""
