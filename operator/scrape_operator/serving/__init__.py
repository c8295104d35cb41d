"""aiohttp.web: /healthz /readyz /metrics."""
