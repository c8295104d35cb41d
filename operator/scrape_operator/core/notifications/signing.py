"""Signatures of messages by Standard Webhooks 1.0: HMAC-SHA256 of id, timestamp and payload."""

import binascii
import hmac
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from scrape_operator.core.errors import InvalidValue

KEY_PREFIX = "whsec_"


def signing_keys(text: str) -> Sequence[bytes]:
    """Return the keys that a Secret's text holds.

    `whsec_` and base64 is the form of Standard Webhooks. Two of them, separated by white space, sign each message twice
    while a key is replaced. Any other text is one key, by its bytes in UTF-8.

    Raises:
        InvalidValue: it is empty, or what follows `whsec_` is not base64. The message never repeats the text.

    """
    parts = text.split()
    if not parts:
        raise InvalidValue("is empty: write whsec_ and 24 to 64 random bytes as base64")
    if not all(part.startswith(KEY_PREFIX) for part in parts):
        return [text.strip().encode()]
    return [_decoded(part.removeprefix(KEY_PREFIX)) for part in parts]


def signed_headers(message_id: str, at: datetime, payload: bytes, keys: Sequence[bytes]) -> list[tuple[str, str]]:
    """Return the headers of one attempt at the instant `at`, with a signature by each key."""
    seconds = str(int(at.timestamp()))
    content = f"{message_id}.{seconds}.".encode() + payload
    signatures = (b64encode(hmac.digest(key, content, sha256)).decode() for key in keys)
    return [
        ("webhook-id", message_id),
        ("webhook-timestamp", seconds),
        ("webhook-signature", " ".join(f"v1,{signature}" for signature in signatures)),
    ]


def _decoded(text: str) -> bytes:
    try:
        key = b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidValue("is not base64 after whsec_: write whsec_ and 24 to 64 random bytes as base64") from error
    if not key:
        raise InvalidValue("holds no key after whsec_: write whsec_ and 24 to 64 random bytes as base64")
    return key
