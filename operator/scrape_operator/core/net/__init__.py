"""Requests, responses, URLs, IP addresses and the request budgets of hosts."""
