"""Secrets of files: in place of those of a cluster."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from scrape_operator.core.errors import InvalidValue, ScrapeFailed
from scrape_operator.core.net.secret_data import secret_data
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.local.objects import with_metadata

Place = tuple[str, str]
"""Namespace and name."""

SecretObjects = Mapping[Place, Mapping[str, Any]]

NO_SECRETS: SecretObjects = MappingProxyType({})


def is_secret(obj: Mapping[str, Any]) -> bool:
    """Return whether an object of a file is a Secret."""
    return (obj.get("apiVersion"), obj.get("kind")) == ("v1", "Secret")


def secrets_of(objects: Iterable[Mapping[str, Any]]) -> SecretObjects:
    """Return the Secrets among the objects of files. Of several with one name the last counts."""
    completed = (with_metadata(obj)["metadata"] | {"object": obj} for obj in objects if is_secret(obj))
    return {(metadata["namespace"], metadata["name"]): metadata["object"] for metadata in completed}


class FileSecrets:
    """The `SecretReader` of files. `objects` may be replaced at any time: the next run reads the new ones."""

    def __init__(self, objects: SecretObjects = NO_SECRETS) -> None:
        self.objects = objects

    async def read(self, namespace: str, name: str) -> Mapping[str, bytes]:
        """Return the data of a Secret.

        Raises:
            ScrapeFailed: SecretNotFound; no file has it, or its data cannot be read.

        """
        obj = self.objects.get((namespace, name))
        if obj is None:
            message = f"Secret {namespace}/{name} is in none of the files: add a manifest of kind Secret"
            raise ScrapeFailed(Reason.SECRET_NOT_FOUND, message)
        try:
            return secret_data(obj)
        except InvalidValue as error:
            raise ScrapeFailed(Reason.SECRET_NOT_FOUND, f"Secret {namespace}/{name}: {error}") from error
