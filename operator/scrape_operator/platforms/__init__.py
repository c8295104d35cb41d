"""Adapters that know a platform's own API, found by entry point; and the odds vocabulary of the three bookmakers."""
