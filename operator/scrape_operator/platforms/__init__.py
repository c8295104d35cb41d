"""Adapters of platforms, found by entry point, and the odds of the bookmakers."""
