"""Metrics for Prometheus: what is measured, collectors that count when asked, and the page that describes them."""
