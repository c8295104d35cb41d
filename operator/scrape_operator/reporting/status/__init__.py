"""The status of a schedule: conditions, history, and the writer that patches it."""
