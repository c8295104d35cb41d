"""Page tokens: where a page ended, as text that a client hands back. What comes back may be anything."""

import base64
import binascii
from collections.abc import Sequence

import orjson

from scrape_operator.core.errors import InvalidValue

TOKEN_MAX_LENGTH = 4096


def encode_token(place: Sequence[str]) -> str:
    """Write the sort key of a page's last row as URL-safe text."""
    return base64.urlsafe_b64encode(orjson.dumps(list(place))).decode().rstrip("=")


def decode_token(token: str, length: int) -> list[str]:
    """Return the sort key that a token holds: `length` texts.

    Raises:
        InvalidValue: the text is no token of ours.

    """
    try:
        place = orjson.loads(base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        place = None
    is_place = isinstance(place, list) and len(place) == length and all(isinstance(part, str) for part in place)
    if len(token) > TOKEN_MAX_LENGTH or not is_place:
        raise InvalidValue("the page token is not one that this program returned: start again without it")
    return list(place)
