"""Replaces secrets by asterisks, in each form in which a server or a library may repeat them."""

import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from itertools import takewhile
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus

import orjson

MIN_MASKED_LENGTH = 6
"""Shorter texts are masked nowhere: they would change too much that is not secret."""

MIN_COMMON_LENGTH = 4
"""Bytes with which forms begin that are searched for together."""

Group = tuple[bytes, Sequence[bytes]]
"""What forms begin with, and the forms, longest first: one may be a part of another."""

T = TypeVar("T")

_ESCAPED_OCTET = re.compile("%[0-9A-F]{2}")
_BLOCK = 3  # bytes that Base64 encodes together
_ENCODED_BLOCK = 4


@dataclass(frozen=True, slots=True)
class _Table:
    """What is searched for in texts, in bodies of UTF-16, and in JSON."""

    plain: Sequence[Group] = ()
    wide: Sequence[Group] = ()
    dumped: Sequence[Group] = ()


class Mask:
    """A set of secrets, and what is left of a text without them. Without a secret nothing is changed."""

    def __init__(self) -> None:
        self._secrets: tuple[str, ...] = ()
        self._table = _Table()

    def __bool__(self) -> bool:
        """Return whether there is a secret."""
        return bool(self._secrets)

    def add(self, secret: str) -> None:
        """Mask one more secret."""
        if len(secret) >= MIN_MASKED_LENGTH and secret not in self._secrets:
            self._secrets = (*self._secrets, secret)
            self._table = _table_of(self._secrets)

    def text(self, text: str) -> str:
        """Return a text without secrets: the same object if it has none."""
        if not self._secrets:
            return text
        content = text.encode("utf-8", "surrogatepass")
        masked = _without(content, self._table.plain)
        return text if masked is content else masked.decode("utf-8", "surrogatepass")

    def message(self, text: str) -> str:
        """Return a message without secrets, nor the beginning of one: messages quote a part of what was read."""
        text = self.text(text)
        for secret in self._secrets:
            at = text.find(secret[:MIN_MASKED_LENGTH])
            while at >= 0:
                length = _common_length(text[at : at + len(secret)], secret)
                text = f"{text[:at]}{'*' * length}{text[at + length :]}"
                at = text.find(secret[:MIN_MASKED_LENGTH], at + length)
        return text

    def content(self, content: bytes) -> bytes:
        """Return a body without secrets: the same object if it has none. UTF-16 is looked through as well."""
        masked = _without(content, self._table.plain)
        return _without(masked, self._table.wide) if b"\0" in masked else masked

    def values(self, values: list[T]) -> list[T]:
        """Return JSON values without secrets: the same object if they have none, which is found out all at once."""
        if not self._secrets:
            return values
        try:
            dumped = orjson.dumps(values)
        except TypeError:  # what orjson cannot write: integers beyond 64 bits, lone surrogates
            dumped = None
        if dumped is not None and _without(dumped, self._table.dumped) is dumped:
            return values
        return [_mapped(value, self.text) for value in values]


def forms_of(secret: str) -> Iterator[str]:
    """Yield a secret as it is, and as URLs, forms, pages, JSON and Base64 write it."""
    quoted = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    yield secret
    yield from quoted
    yield from (_ESCAPED_OCTET.sub(lambda octet: octet[0].lower(), text) for text in quoted)
    page = escape(secret)
    yield from (page, escape(secret, quote=False), page.replace("&quot;", "&#34;").replace("&#x27;", "&#39;"))
    for text in (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
        yield from (text, text.replace("/", r"\/"))
    for text in {secret, *quoted}:
        yield from _base64_forms(text.encode("utf-8", "surrogatepass"))


def _base64_forms(content: bytes) -> Iterator[str]:
    """Yield what is the same in Base64, whatever stands before and after the content."""
    for offset in range(_BLOCK):
        encoded = b64encode(bytes(offset) + content).decode()
        start = _ENCODED_BLOCK if offset else 0
        end = len(encoded) - _ENCODED_BLOCK if (offset + len(content)) % _BLOCK else len(encoded)
        yield from (encoded[start:end], encoded[start:end].replace("+", "-").replace("/", "_"))


def _common_length(one: str | bytes, other: str | bytes) -> int:
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


@lru_cache(1024)
def _table_of(secrets: tuple[str, ...]) -> _Table:
    """Prepare a set of secrets. That takes 0.1 to 1 ms, so it is not done anew for each run."""
    texts = {form for secret in secrets for form in forms_of(secret) if len(form) >= MIN_MASKED_LENGTH}
    plain = [text.encode("utf-8", "surrogatepass") for text in texts]
    wide = [text.encode(code, "surrogatepass") for text in texts for code in ("utf-16-le", "utf-16-be")]
    dumped = [json.dumps(text, ensure_ascii=False)[1:-1].encode("utf-8", "surrogatepass") for text in texts]
    return _Table(_grouped(plain), _grouped(wide), _grouped(dumped))


def _grouped(forms: Iterable[bytes]) -> Sequence[Group]:
    """Return forms by their common beginning: one search for it stands for a search for each of them."""
    groups: list[tuple[bytes, list[bytes]]] = []
    for form in sorted(forms):
        start, members = groups[-1] if groups else (b"", [])
        length = _common_length(start, form)
        if length >= MIN_COMMON_LENGTH:
            groups[-1] = (form[:length], [*members, form])
        else:
            groups.append((form, [form]))
    return [(start, sorted(members, key=len, reverse=True)) for start, members in groups]


def _without(content: bytes, groups: Sequence[Group]) -> bytes:
    for start, forms in groups:
        if start in content:
            for form in forms:
                if form in content:
                    content = content.replace(form, b"*" * len(form))
    return content


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {name: _mapped(part, change) for name, part in value.items()}
    return [_mapped(part, change) for part in value] if isinstance(value, list | tuple) else value
