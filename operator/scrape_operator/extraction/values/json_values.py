"""JSON read strictly, and JSON values made safe to keep. Called by the JSON reader and by `types`."""

import json
import math
import re
from typing import Any, Final, NoReturn, Self

import orjson

from scrape_operator.core.runs.items import JSONValue
from scrape_operator.extraction.selectors.regex import compile_for_bytes

MAX_NESTING: Final = 512
_MIN_INTEGER: Final = -(2**63)
_MAX_INTEGER: Final = 2**64 - 1
_MANY_DIGITS: Final = compile_for_bytes(rb"[0-9]{19}")
_MANY_DIGITS_OR_FLOAT: Final = compile_for_bytes(rb"[0-9]{19}|(?:^|[:,\[\s])-?[0-9]+[.eE]")
"""Finds each number with a fraction or exponent, and now and then what only looks like one inside a text."""
_MAX_INTEGER_DIGITS: Final = 20
_UNSAFE: Final = re.compile("[\x00\ud800-\udfff]")

_MAX_KEPT_NESTING: Final = 128
"""Values nested deeper can't be written by every JSON encoder that they meet on their way to the database."""


class WrittenFloat(float):
    """A number with fraction or exponent, that remembers how the document wrote it."""

    __slots__ = ("written",)

    written: str

    def __new__(cls, written: str) -> Self:
        """Read a JSON number. Raises ValueError where it is too big for 64 bits."""
        value = super().__new__(cls, written)
        if math.isinf(value):
            raise ValueError(f"the number {written[:40]} does not fit into 64 bits")
        value.written = written
        return value


# JMESPath's functions go by the name of a value's type; to them this is a number.
WrittenFloat.__name__ = "float"


class OversizedValue(ValueError):
    """A JSON value is too big, or nested too deeply, to be kept."""


def read_json(body: bytes, *, as_written: bool = False) -> Any:
    """Read a JSON text in UTF-8 without BOM. Of duplicate keys the last counts.

    `as_written` gives numbers with fraction or exponent as WrittenFloat.

    Raises:
        ValueError: no JSON, not UTF-8, NaN or Infinity, a number beyond 64 bits, nested beyond 512.

    """
    value = _read(body, as_written=as_written)
    if body.count(b"[") + body.count(b"{") > MAX_NESTING and _nested_deeper(value, MAX_NESTING):
        raise ValueError(f"nested deeper than {MAX_NESTING} levels")
    return value


def _read(body: bytes, *, as_written: bool) -> Any:
    # orjson makes a float of an integer that is too big, so that texts with such runs of digits go the slow way;
    # so do those that it refuses, since it also refuses lone surrogates.
    if not (_MANY_DIGITS_OR_FLOAT if as_written else _MANY_DIGITS).search(body):
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            pass
    try:
        return _DECODER.decode(body.decode("utf-8"))
    except RecursionError:
        raise ValueError(f"nested deeper than {MAX_NESTING} levels") from None


def _integer(written: str) -> int:
    if len(written.lstrip("-")) <= _MAX_INTEGER_DIGITS and _MIN_INTEGER <= (value := int(written)) <= _MAX_INTEGER:
        return value
    raise ValueError(f"the number {written[:40]} does not fit into 64 bits")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_DECODER: Final = json.JSONDecoder(parse_float=WrittenFloat, parse_int=_integer, parse_constant=_refuse_constant)


def _nested_deeper(value: Any, limit: int) -> bool:
    level = [value] if isinstance(value, dict | list) else []
    while level and limit:
        limit -= 1
        level = [
            member
            for container in level
            for member in (container.values() if type(container) is dict else container)
            if type(member) is dict or type(member) is list
        ]
    return bool(level)


def clean_text(text: str) -> str:
    """Replace what no database keeps, NUL and lone surrogates, with U+FFFD."""
    return _UNSAFE.sub("\ufffd", text) if _UNSAFE.search(text) else text


def clean_json(value: Any, max_size: int) -> tuple[JSONValue, int]:
    """Copy a JSON value for keeping, texts cleaned and numbers plain; also give its size in characters, roughly.

    Raises:
        OversizedValue: it is bigger than `max_size`, or nested too deeply.

    """
    cleaner = _Cleaner(max_size)
    return cleaner.clean(value, 0), max_size - cleaner.left


class _Cleaner:
    def __init__(self, max_size: int) -> None:
        self.left = max_size

    def clean(self, value: Any, depth: int) -> JSONValue:
        if depth > _MAX_KEPT_NESTING:
            raise OversizedValue(f"nested deeper than {_MAX_KEPT_NESTING} levels")
        self._count(len(value) if isinstance(value, str) else 8)
        if isinstance(value, str):
            return clean_text(value)
        if isinstance(value, dict):
            return {self._key(key): self.clean(member, depth + 1) for key, member in value.items()}
        if isinstance(value, list | tuple):
            return [self.clean(member, depth + 1) for member in value]
        return self._scalar(value)

    def _scalar(self, value: Any) -> JSONValue:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else None
        if isinstance(value, int) and _MIN_INTEGER <= value <= _MAX_INTEGER:
            return value
        raise OversizedValue("a number beyond 64 bits")

    def _key(self, key: object) -> str:
        text = clean_text(str(key))
        self._count(len(text))
        return text

    def _count(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise OversizedValue("bigger than 1 MiB")
