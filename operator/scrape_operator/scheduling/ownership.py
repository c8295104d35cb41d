"""Which schedules this replica runs."""


class SingleReplica:
    """Implements Ownership for a process without other replicas: it owns every schedule."""

    def owns(self, uid: str) -> bool:
        """Return True for every schedule."""
        return True
