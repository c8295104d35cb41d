"""The operator without a cluster: schedules from files, runs on this machine."""
