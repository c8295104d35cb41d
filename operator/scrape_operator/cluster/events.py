"""Posts Kubernetes Events for `reporting`."""

from scrape_operator.cluster.client import ClusterClient
from scrape_operator.core.ports import Clock
from scrape_operator.core.runs.run import clip
from scrape_operator.core.schedule.plan import ObjectKey
from scrape_operator.core.times import rfc3339

NOTE_MAX_BYTES = 1000
INSTANCE_MAX_LENGTH = 128
NAME_PREFIX_LENGTH = 50


class ClusterEventPoster:
    """Creates events.k8s.io/v1 Events; the field bounds are those of the Event API's validation."""

    def __init__(self, client: ClusterClient, clock: Clock, owner: str) -> None:
        self._client = client
        self._clock = clock
        self._owner = owner[:INSTANCE_MAX_LENGTH]

    async def post_event(self, key: ObjectKey, *, type_: str, reason: str, message: str) -> None:
        """Create one Event about a schedule. Raises ClusterError."""
        event = {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"generateName": f"{key.name[:NAME_PREFIX_LENGTH].rstrip('.-')}-", "namespace": key.namespace},
            "eventTime": rfc3339(self._clock.now(), "microseconds"),
            "reportingController": "scrape-operator.dev/scrape-operator",
            "reportingInstance": self._owner,
            "action": "Scrape",
            "type": type_,
            "reason": reason,
            "note": clip(message, NOTE_MAX_BYTES),
            "regarding": {
                "apiVersion": "scrape-operator.dev/v1alpha1",
                "kind": "ScrapeSchedule",
                "namespace": key.namespace,
                "name": key.name,
                "uid": key.uid,
            },
        }
        await self._client.request("POST", f"/apis/events.k8s.io/v1/namespaces/{key.namespace}/events", body=event)
