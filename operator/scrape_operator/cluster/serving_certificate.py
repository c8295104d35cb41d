"""Reads and writes what the API server and the replicas of an aggregated API share: a Secret and a caBundle."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scrape_operator.cluster.client import HTTP_CONFLICT, HTTP_NOT_FOUND, ClusterClient
from scrape_operator.core.errors import ClusterError

MERGE_PATCH = "application/merge-patch+json"


@dataclass(frozen=True, slots=True)
class SecretContent:
    """The data of a Secret, decoded, and the version that a write must name."""

    version: str
    data: Mapping[str, bytes]

    def __repr__(self) -> str:
        return f"SecretContent(version={self.version!r}, keys={sorted(self.data)})"


@dataclass(frozen=True, slots=True)
class ServedBy:
    """What an APIService says: the Service behind it, and the CAs that its certificate may be of."""

    service: tuple[str, str]
    """Namespace and name."""
    ca_bundle: bytes
    version: str


class ClusterServingCertificate:
    """One Secret and one APIService. Every method raises ClusterError."""

    def __init__(self, client: ClusterClient, *, namespace: str, secret: str, api_service: str) -> None:
        self._client = client
        self._secret = f"/api/v1/namespaces/{namespace}/secrets/{secret}"
        self._api_service = f"/apis/apiregistration.k8s.io/v1/apiservices/{api_service}"

    async def read_secret(self) -> SecretContent | None:
        """Return the content of the Secret, or None if it does not exist. A value that is no base64 is left out."""
        found = await self._get(self._secret)
        if found is None:
            return None
        data: dict[str, bytes] = {}
        for key, value in (found.get("data") or {}).items():
            try:
                data[str(key)] = base64.b64decode(value, validate=True)
            except (binascii.Error, TypeError, ValueError):
                continue
        return SecretContent(str(found["metadata"]["resourceVersion"]), data)

    async def write_secret(self, content: SecretContent) -> bool:
        """Replace the keys of the Secret. Return False if another replica has written it since it was read."""
        data = {key: base64.b64encode(value).decode() if value else None for key, value in content.data.items()}
        return await self._patch(self._secret, content.version, {"data": data})

    async def read_api_service(self) -> ServedBy | None:
        """Return what the APIService says, or None if it does not exist."""
        found = await self._get(self._api_service)
        if found is None:
            return None
        spec = found["spec"]
        service = spec.get("service") or {}
        bundle = base64.b64decode(spec.get("caBundle") or "")
        place = (str(service.get("namespace")), str(service.get("name")))
        return ServedBy(place, bundle, str(found["metadata"]["resourceVersion"]))

    async def write_ca_bundle(self, seen: ServedBy, bundle: bytes) -> bool:
        """Set the caBundle of the APIService. Return False if it was changed since it was read."""
        body = {"spec": {"caBundle": base64.b64encode(bundle).decode()}}
        return await self._patch(self._api_service, seen.version, body)

    async def _get(self, path: str) -> dict[str, Any] | None:
        try:
            return await self._client.request("GET", path)
        except ClusterError as error:
            if error.status == HTTP_NOT_FOUND:
                return None
            raise

    async def _patch(self, path: str, version: str, body: Mapping[str, object]) -> bool:
        """Merge-patch an object of this version."""
        versioned = {"metadata": {"resourceVersion": version}, **body}
        try:
            await self._client.request("PATCH", path, body=versioned, content_type=MERGE_PATCH)
        except ClusterError as error:
            if error.status in {HTTP_CONFLICT, HTTP_NOT_FOUND}:
                return False
            raise
        return True
