"""The process in the cluster: the watch by kopf, start, signals, readiness. Only this package uses kopf."""
