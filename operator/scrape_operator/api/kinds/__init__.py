"""The pydantic models of the kinds, one module for each part of a spec."""
