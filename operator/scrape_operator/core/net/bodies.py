"""Bodies of requests: JSON, a form or text, encoded once `{scheduledFor}` has been filled in."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from scrape_operator.core.runs.items import JSONValue

Fill = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class EncodedBody:
    """A body as it is sent, and the Content-Type that goes with it."""

    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class JSONBody:
    """Any JSON value; placeholders are filled in in its texts, not in the names of its members."""

    value: JSONValue

    def encode(self, fill: Fill) -> EncodedBody:
        """Return the body as application/json."""
        text = json.dumps(_filled(self.value, fill), ensure_ascii=False, separators=(",", ":"))
        return EncodedBody(text.encode("utf-8", "replace"), "application/json")


@dataclass(frozen=True, slots=True)
class FormBody:
    """Names and values, in order."""

    fields: Sequence[tuple[str, str]]

    def encode(self, fill: Fill) -> EncodedBody:
        """Return the body as application/x-www-form-urlencoded."""
        text = urlencode([(name, fill(value)) for name, value in self.fields])
        return EncodedBody(text.encode("ascii"), "application/x-www-form-urlencoded")


@dataclass(frozen=True, slots=True)
class TextBody:
    """Text, sent in UTF-8."""

    text: str

    def encode(self, fill: Fill) -> EncodedBody:
        """Return the body as text/plain."""
        return EncodedBody(fill(self.text).encode("utf-8", "replace"), "text/plain; charset=utf-8")


RequestBody = JSONBody | FormBody | TextBody


def _filled(value: JSONValue, fill: Fill) -> JSONValue:
    if isinstance(value, str):
        return fill(value)
    if isinstance(value, Mapping):
        return {name: _filled(member, fill) for name, member in value.items()}
    if isinstance(value, list):
        return [_filled(member, fill) for member in value]
    return value
