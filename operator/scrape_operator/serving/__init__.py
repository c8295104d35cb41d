"""The HTTP server for /healthz, /readyz and /metrics."""
