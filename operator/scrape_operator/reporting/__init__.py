"""Reports what happened: status and conditions, Events, metrics, logs."""
