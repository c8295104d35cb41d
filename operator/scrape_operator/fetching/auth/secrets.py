"""The values of the Secrets that one target needs, read once per run, and masked in everything that leaves fetching."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Protocol

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.masking import Mask
from scrape_operator.core.net.access import SecretKey
from scrape_operator.core.net.documents import Response
from scrape_operator.core.ports import SecretReader
from scrape_operator.core.runs.reasons import Reason

_NOT_SECRET = frozenset({"username", "client_id", "ca.crt", "tls.crt"})


class SecretValues:
    """The read values. `mask` replaces those that are secret, and what is added to it."""

    def __init__(self, values: Mapping[SecretKey, bytes]) -> None:
        self._values = values
        self.mask = Mask()
        for key, value in values.items():
            if key.key not in _NOT_SECRET:
                self.mask.add(value.strip().decode("utf-8", "replace"))

    def content(self, secret: str, key: str) -> bytes:
        """Return a value as it is."""
        return self._values[SecretKey(secret, key)]

    def text(self, secret: str, key: str) -> str:
        """Return a value as text without surrounding white space, such as the line break at the end of a file.

        Raises:
            ScrapeFailed: SecretNotFound; it is not UTF-8.

        """
        try:
            return self.content(secret, key).decode().strip()
        except UnicodeDecodeError as error:
            message = f"key {key} of Secret {secret} is not UTF-8 text: write it anew"
            raise ScrapeFailed(Reason.SECRET_NOT_FOUND, message) from error

    def mask_failure(self, failure: ScrapeFailed) -> ScrapeFailed:
        """Return a failure whose message holds no secret value: the same one if it holds none."""
        message = self.mask.message(failure.message)
        if message == failure.message:
            return failure
        status, retry_after = failure.http_status, failure.retry_after
        return ScrapeFailed(failure.reason, message, http_status=status, retry_after=retry_after)

    def mask_response(self, response: Response) -> Response:
        """Return an answer without secret values: servers echo requests."""
        if not self.mask:
            return response
        url, body = self.mask.text(response.url), self.mask.content(response.body)
        headers = {name: self.mask.text(value) for name, value in response.headers.items()}
        if url == response.url and headers == response.headers and body is response.body:
            return response  # the same object, whose memory is counted
        return replace(response, url=url, headers=headers, body=body)


class SecretUser(Protocol):
    """What refers to Secrets: the access of a target, or a webhook."""

    def secret_keys(self) -> Iterator[SecretKey]:
        """Yield every key that is read."""


async def read_secrets(reader: SecretReader | None, namespace: str, user: SecretUser) -> SecretValues:
    """Read every Secret that a target or a webhook refers to, each once.

    Raises:
        ScrapeFailed: SecretNotFound; the message names the Secret and the key.

    """
    values: dict[SecretKey, bytes] = {}
    read: dict[str, Mapping[str, bytes]] = {}
    for key in user.secret_keys():
        if reader is None:
            message = f"Secret {key.secret} cannot be read: Secrets are read inside a cluster only"
            raise ScrapeFailed(Reason.SECRET_NOT_FOUND, message)
        if key.secret not in read:
            read[key.secret] = await reader.read(namespace, key.secret)
        if key.key not in read[key.secret]:
            message = f"Secret {namespace}/{key.secret} has no key {key.key}: add it, or correct the reference"
            raise ScrapeFailed(Reason.SECRET_NOT_FOUND, message)
        values[key] = read[key.secret][key.key]
    return SecretValues(values)
