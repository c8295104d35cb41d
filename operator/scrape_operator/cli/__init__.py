"""The command: argument parsing only."""
