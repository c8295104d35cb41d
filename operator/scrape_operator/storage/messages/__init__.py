"""Messages to webhooks: written with the end of a run, read and marked by their delivery, and pruned."""
