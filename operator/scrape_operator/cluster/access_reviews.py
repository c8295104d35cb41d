"""Asks the API server whether a caller may do something (SubjectAccessReview)."""

from collections.abc import Mapping, Sequence

from scrape_operator.cluster.client import ClusterClient

PATH = "/apis/authorization.k8s.io/v1/subjectaccessreviews"


class ClusterAccessReviews:
    """Creates SubjectAccessReviews. Nothing is stored: the answer is the object that is returned."""

    def __init__(self, client: ClusterClient) -> None:
        self._client = client

    async def review(
        self,
        *,
        user: str,
        uid: str,
        groups: Sequence[str],
        extra: Mapping[str, Sequence[str]],
        attributes: Mapping[str, str],
    ) -> bool:
        """Return whether the API server's authorizers allow it. Raises ClusterError if they gave no answer."""
        spec = {"user": user, "uid": uid, "groups": groups, "extra": extra, "resourceAttributes": attributes}
        body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
        answer = await self._client.request("POST", PATH, body=body)
        status = answer.get("status") or {}
        return status.get("allowed") is True and status.get("denied") is not True
