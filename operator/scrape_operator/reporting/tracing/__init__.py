"""Spans of runs, targets and requests for an OpenTelemetry collector. They need the extra `tracing`."""
