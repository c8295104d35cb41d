"""What a found value is read as: the types of a field (docs/extraction.md). Called by `compiled` for every value.

A converter takes a text, or a number, boolean, object or list that a selector computed, and gives
what the item keeps. Decimals and instants are kept as text.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urljoin, urlsplit
from zoneinfo import ZoneInfo

import orjson

from scrape_operator.api.kinds.extract import FieldType
from scrape_operator.core.extraction import UTC_ZONE
from scrape_operator.core.runs.items import JSONValue
from scrape_operator.extraction.step_budget import StepBudget
from scrape_operator.extraction.values.dates import (
    format_instant,
    has_words,
    instant_of_epoch,
    parse_instant,
    parse_words,
)
from scrape_operator.extraction.values.json_values import OversizedValue, WrittenFloat, clean_json, read_json
from scrape_operator.extraction.values.numbers import bounded_decimal, is_plain, parse_number

MAX_ITEM_SIZE: Final = 2**20
_MAX_URL: Final = 8192
_TRUTHS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_ORIGIN: Final = re.compile(r"https?://[^/?#\[\]\s]+")
_LINE_ENDS: Final = {9: None, 10: None, 13: None}
_PLAIN_URL: Final = re.compile(r"https?://[a-z0-9.-]+(?:/[\w~%+-]+)*/?", re.ASCII)
_PLAIN_PATH: Final = re.compile(r"(?:/[\w~%+-]+)+/?(?:\?[\w~%+=&.-]+)?", re.ASCII)
"""Addresses that resolving leaves as they are: no empty, `.` or `..` segments."""
_COST_OF_WORDS: Final = 5_000
_LEAST_INTEGER, _LARGEST_INTEGER = -(2**63), 2**64 - 1


class Unparsable(ValueError):
    """A value can't be read as its type: it is missing."""


@dataclass(slots=True)
class Surroundings:
    """What the meaning of a value depends on besides itself: one for each document.

    `language` is a BCP 47 tag, empty where the page does not say it; `now` is what relative dates count from.
    """

    base_url: str = ""
    language: str = ""
    zone: ZoneInfo = UTC_ZONE
    now: datetime | None = None
    work: StepBudget = field(default_factory=StepBudget)
    words: dict[str, datetime | None] = field(default_factory=dict)
    origin: str = field(init=False)

    def __post_init__(self) -> None:
        """Find what an absolute path is put behind."""
        self.origin = found.group() if (found := _ORIGIN.match(self.base_url)) else ""


Converter = Callable[[Any, Surroundings], JSONValue]


def _fits_64_bits(value: Any) -> bool:
    return type(value) is int and _LEAST_INTEGER <= value <= _LARGEST_INTEGER


def _plain(value: Any) -> str | None:
    """Give the text of a number that needs no thought; None where it does, or is none."""
    text = value.written if type(value) is WrittenFloat else value
    return text if type(text) is str and is_plain(text) else None


def text_of(value: Any) -> str:
    """Give a text as it is, and of another value what JSON writes. Raises Unparsable where it is too big."""
    if isinstance(value, str):
        return value
    if isinstance(value, WrittenFloat):
        return value.written
    if _fits_64_bits(value):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise Unparsable
    try:
        return orjson.dumps(clean_json(value, MAX_ITEM_SIZE)[0]).decode()
    except (OversizedValue, orjson.JSONEncodeError) as error:
        raise Unparsable(str(error)) from None


def _string(value: Any, _: Surroundings) -> JSONValue:
    return value if type(value) is str else text_of(value)


def _decimal_of(value: Any, around: Surroundings) -> Decimal:
    if isinstance(value, bool):
        raise Unparsable
    if isinstance(value, int | float):
        found = bounded_decimal(value.written if isinstance(value, WrittenFloat) else repr(value))
    else:
        found = parse_number(value, around.language) if isinstance(value, str) else None
    if found is None or not found.is_finite():
        raise Unparsable
    return found


def _integer(value: Any, around: Surroundings) -> JSONValue:
    if _fits_64_bits(value):
        return value  # type: ignore[no-any-return]
    if (plain := _plain(value)) and "." not in plain:
        return int(plain)
    found = _decimal_of(value, around)
    if found != found.to_integral_value() or not _LEAST_INTEGER <= found <= _LARGEST_INTEGER:
        raise Unparsable
    return int(found)


def _decimal(value: Any, around: Surroundings) -> JSONValue:
    return _plain(value) or format(_decimal_of(value, around), "f")


def _number(value: Any, around: Surroundings) -> JSONValue:
    if _fits_64_bits(value) or (type(value) is float and math.isfinite(value)):
        return value  # type: ignore[no-any-return]
    if plain := _plain(value):
        return float(plain) if "." in plain else int(plain)
    found = _decimal_of(value, around)
    exponent = found.as_tuple().exponent
    if exponent == 0 and _LEAST_INTEGER <= found <= _LARGEST_INTEGER:
        return int(found)
    number = float(found)
    if not math.isfinite(number):
        raise Unparsable
    return number


def _boolean(value: Any, _: Surroundings) -> JSONValue:
    if isinstance(value, bool):
        return value
    truth = _TRUTHS.get(text_of(value).lower()) if isinstance(value, str | int) else None
    if truth is None:
        raise Unparsable
    return truth


def _date_time(value: Any, around: Surroundings) -> JSONValue:
    if isinstance(value, int | float) and not isinstance(value, bool):
        found = instant_of_epoch(value)
    else:
        text = text_of(value)
        found = parse_instant(text, around.zone) or _in_words(text, around)
    if found is None:
        raise Unparsable
    return format_instant(found)


def _in_words(text: str, around: Surroundings) -> datetime | None:
    if not has_words(text):
        return None
    if text not in around.words:
        around.work.require_worker()
        around.work.spend(_COST_OF_WORDS)
        around.words[text] = parse_words(text, around.zone, language=around.language, now=around.now)
    return around.words[text]


def _url(value: Any, around: Surroundings) -> JSONValue:
    if not isinstance(value, str) or len(value) > _MAX_URL:
        raise Unparsable
    if _PLAIN_URL.fullmatch(value):
        return value
    if around.origin and _PLAIN_PATH.fullmatch(value):
        return around.origin + value
    # Browsers drop tabs and line ends inside an address (URL Standard, 4.4).
    text = value.translate(_LINE_ENDS)
    try:
        absolute = urljoin(around.base_url, text)
        scheme = urlsplit(absolute).scheme
    except ValueError:
        raise Unparsable from None
    if not scheme:
        raise Unparsable
    return absolute


def _json(value: Any, _: Surroundings) -> JSONValue:
    try:
        found = read_json(value.encode()) if isinstance(value, str) else value
        return clean_json(found, MAX_ITEM_SIZE)[0]
    except ValueError:
        raise Unparsable from None


CONVERTERS: Final[Mapping[FieldType, Converter]] = {
    FieldType.STRING: _string,
    FieldType.INTEGER: _integer,
    FieldType.DECIMAL: _decimal,
    FieldType.NUMBER: _number,
    FieldType.BOOLEAN: _boolean,
    FieldType.DATE_TIME: _date_time,
    FieldType.URL: _url,
    FieldType.JSON: _json,
}
"""Every converter raises Unparsable where the value is none of its type. Texts come stripped and clean."""


def keep_json(value: Any, around: Surroundings) -> JSONValue:
    """Convert to JSON what comes from JSON: a text is a text, unless it holds an object or a list."""
    if isinstance(value, str) and value[:1] not in {"{", "["}:
        return value
    return _json(value, around)
