"""One run from claim to outcome: the pool, the ordered steps, deadlines, cancellation."""
