"""The values of the Secrets that one target needs, read once per run, and masked in everything that leaves fetching."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import quote

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.access import Access, SecretKey
from scrape_operator.core.net.documents import Response
from scrape_operator.core.ports import SecretReader
from scrape_operator.core.runs.reasons import Reason

MIN_MASKED_LENGTH = 6
"""Shorter values are masked nowhere: they would change too much that is not secret."""

_NOT_SECRET = frozenset({"username", "client_id", "ca.crt", "tls.crt"})


class SecretValues:
    """The read values. `mask` replaces those that are secret by asterisks."""

    def __init__(self, values: Mapping[SecretKey, bytes]) -> None:
        self._values = values
        self._masked: set[bytes] = set()
        for key, value in values.items():
            if key.key not in _NOT_SECRET:
                self.add_masked(value.strip().decode("utf-8", "replace"))

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

    def add_masked(self, text: str) -> None:
        """Mask a text as well, in plain, percent-encoded and Base64 form."""
        for form in (text, quote(text, safe=""), b64encode(text.encode()).decode().rstrip("=")):
            if len(form) >= MIN_MASKED_LENGTH:
                self._masked.add(form.encode())

    def mask(self, text: str) -> str:
        """Return a text without secret values."""
        if not self._masked:
            return text
        return self._mask_bytes(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def mask_failure(self, failure: ScrapeFailed) -> ScrapeFailed:
        """Return a failure whose message holds no secret value: the same one if it holds none."""
        message = self.mask(failure.message)
        if message == failure.message:
            return failure
        status, retry_after = failure.http_status, failure.retry_after
        return ScrapeFailed(failure.reason, message, http_status=status, retry_after=retry_after)

    def mask_response(self, response: Response) -> Response:
        """Return an answer without secret values: servers echo requests."""
        if not self._masked:
            return response
        url, body = self.mask(response.url), self._mask_bytes(response.body)
        headers = {name: self.mask(value) for name, value in response.headers.items()}
        if url == response.url and headers == response.headers and body is response.body:
            return response  # the same object, whose memory is counted
        return replace(response, url=url, headers=headers, body=body)

    def _mask_bytes(self, content: bytes) -> bytes:
        for value in sorted(self._masked, key=len, reverse=True):
            content = content.replace(value, b"*" * len(value))
        return content


async def read_secrets(reader: SecretReader | None, namespace: str, access: Access) -> SecretValues:
    """Read every Secret that a target refers to, each once.

    Raises:
        ScrapeFailed: SecretNotFound; the message names the Secret and the key.

    """
    values: dict[SecretKey, bytes] = {}
    read: dict[str, Mapping[str, bytes]] = {}
    for key in access.secret_keys():
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
