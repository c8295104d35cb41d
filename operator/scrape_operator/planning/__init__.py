"""Compiles an object and its policies into a plan."""
