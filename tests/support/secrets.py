"""Secrets in memory, in place of those of a cluster."""

from collections.abc import Mapping

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.runs.reasons import Reason


class MemorySecrets:
    """Implements core.ports.SecretReader; `read_count` counts what would be requests to the API server."""

    def __init__(self, secrets: Mapping[str, Mapping[str, str]]) -> None:
        self.secrets = {name: dict(content) for name, content in secrets.items()}
        self.read_count = 0

    async def read(self, namespace: str, name: str) -> Mapping[str, bytes]:
        self.read_count += 1
        if name not in self.secrets:
            raise ScrapeFailed(Reason.SECRET_NOT_FOUND, f"Secret {namespace}/{name} does not exist: create it")
        return {key: value.encode() for key, value in self.secrets[name].items()}
