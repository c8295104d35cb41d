"""Pydantic models of the kinds, one file per part of a spec."""
