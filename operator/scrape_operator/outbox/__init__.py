"""Delivery of what must reach another system in the end: a bounded queue with retries, back-off and a rate."""
