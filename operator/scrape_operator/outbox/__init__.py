"""Delivers messages to other systems: a bounded queue with retries, back-off and a rate."""
