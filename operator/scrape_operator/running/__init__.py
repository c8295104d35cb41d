"""Runs one slot from the claim to the outcome: the pool, deadlines, cancellation, the pipeline of a target."""
