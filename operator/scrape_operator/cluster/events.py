"""Creates Kubernetes Events for `reporting`."""

from datetime import datetime

from scrape_operator.cluster.client import HTTP_NOT_FOUND, ClusterClient
from scrape_operator.core.errors import ClusterError
from scrape_operator.core.runs.run import clip
from scrape_operator.core.schedule.plan import ObjectKey
from scrape_operator.core.times import rfc3339

NOTE_MAX_BYTES = 1000
INSTANCE_MAX_LENGTH = 128
NAME_PREFIX_LENGTH = 50


class ClusterEventPoster:
    """Creates events.k8s.io/v1 Events; the bounds of the fields are those of the Event API's validation."""

    def __init__(self, client: ClusterClient, owner: str) -> None:
        self._client = client
        self._owner = owner[:INSTANCE_MAX_LENGTH]

    async def post_event(self, key: ObjectKey, *, type_: str, reason: str, message: str, at: datetime) -> str:
        """Create one Event about a schedule and return its name. Raises ClusterError."""
        event = {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"generateName": f"{key.name[:NAME_PREFIX_LENGTH].rstrip('.-')}-", "namespace": key.namespace},
            "eventTime": rfc3339(at, "microseconds"),
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
        created = await self._client.request("POST", _path(key), body=event)
        return str(created["metadata"]["name"])

    async def count_event(self, key: ObjectKey, name: str, *, count: int, at: datetime) -> bool:
        """Set how often an Event was repeated. Return False if the Event has expired. Raises ClusterError."""
        body = {"series": {"count": count, "lastObservedTime": rfc3339(at, "microseconds")}}
        try:
            await self._client.request(
                "PATCH", f"{_path(key)}/{name}", body=body, content_type="application/merge-patch+json"
            )
        except ClusterError as error:
            if error.status == HTTP_NOT_FOUND:
                return False
            raise
        return True


def _path(key: ObjectKey) -> str:
    return f"/apis/events.k8s.io/v1/namespaces/{key.namespace}/events"
