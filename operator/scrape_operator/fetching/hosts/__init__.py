"""One gate per host: budget, fair queue, pause and circuit breaker."""
