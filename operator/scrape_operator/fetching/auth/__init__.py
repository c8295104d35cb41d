"""Credentials of requests, one file per kind, and the TLS options and proxies that come from Secrets."""
