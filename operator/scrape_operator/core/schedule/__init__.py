"""When a schedule runs: due times, windows, the Start, Skip or Wait decision, and the state of a schedule."""
