"""Rows of runs: claims, leases, results, history, retention."""
