"""What is told: status and conditions, Events, metrics, logs of runs."""
