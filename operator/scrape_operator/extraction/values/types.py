"""Converts found values to the type of their field (docs/extraction.md). Called by `fields` for every value.

A converter takes a text, or a number, boolean, object or list that a selector computed, and returns what the item
keeps. Decimals and instants are kept as text.
"""

import math
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import orjson

from scrape_operator.api.kinds.extract import FieldType
from scrape_operator.core.runs.items import JSONValue
from scrape_operator.core.schedule.time_zones import UTC_ZONE
from scrape_operator.extraction.step_budget import StepBudget
from scrape_operator.extraction.values.dates import (
    DateContext,
    NeedsWords,
    format_instant,
    instant_of_epoch,
    parse_instant,
    parse_words_instant,
)
from scrape_operator.extraction.values.json_values import OversizedValue, WrittenFloat, clean_json, read_json
from scrape_operator.extraction.values.machine_text import MachineText
from scrape_operator.extraction.values.numbers import (
    Mark,
    NumberText,
    bounded_decimal,
    find_number,
    is_plain,
    read_decimal,
    read_plain_number,
)
from scrape_operator.extraction.values.unreadable import Unreadable

MAX_ITEM_SIZE: Final = 2**20
_MAX_URL: Final = 8192
_TRUTHS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_ORIGIN: Final = re.compile(r"https?://[^/?#\[\]\s]+")
_LINE_ENDS: Final = {9: None, 10: None, 13: None}
_WITHOUT_HOST: Final = re.compile(r"https?:(?!//[^/?#])", re.IGNORECASE)
_DISABLED: Final = re.compile(r"\s*javascript:\s*(?:void\s*(?:0|\(\s*0?\s*\)))?\s*;?\s*", re.IGNORECASE)
_PLAIN_URL: Final = re.compile(r"https?://[a-z0-9.-]+(?:/[\w~%+-]+)*/?", re.ASCII)
_PLAIN_PATH: Final = re.compile(r"(?:/[\w~%+-]+)+/?(?:\?[\w~%+=&.-]+)?", re.ASCII)
"""Addresses that resolving leaves as they are: no empty, `.` or `..` segments."""
_COST_OF_WORDS: Final = 5_000
_LEAST_INTEGER, _LARGEST_INTEGER = -(2**63), 2**64 - 1


@dataclass(slots=True)
class Surroundings:
    """What the meaning of a field's values depends on besides themselves, in one document.

    Attributes:
        base_url: What relative addresses are resolved against.
        dates: What the meaning of dates depends on.
        decimal_mark: The decimal mark that the field states.
        ambiguous_mark: The decimal mark of numbers such as 1,234; with None the mark is a thousands mark.
        work: The budget of the extraction.
        words: The dates in words that were read, which pages repeat.

    """

    base_url: str = ""
    dates: DateContext = DateContext(UTC_ZONE)
    decimal_mark: Mark | None = None
    ambiguous_mark: Mark | None = None
    work: StepBudget = field(default_factory=StepBudget)
    words: dict[str, datetime | None] = field(default_factory=dict)
    origin: str = field(init=False)

    def __post_init__(self) -> None:
        """Find what an absolute path is put behind."""
        self.origin = found.group() if (found := _ORIGIN.match(self.base_url)) else ""


Converter = Callable[[Any, Surroundings], JSONValue]


def _fits_64_bits(value: int) -> bool:
    return _LEAST_INTEGER <= value <= _LARGEST_INTEGER


def _plain(value: Any, around: Surroundings) -> str | None:
    """Return the text of a number that every convention reads in the same way; None for every other value."""
    if type(value) is WrittenFloat:
        return value.written if is_plain(value.written) else None
    if around.decimal_mark == ",":
        return None
    return value if type(value) is str and is_plain(value) else None


def text_of(value: Any) -> str:
    """Return a text as it is, and of another value what JSON writes. Raises Unreadable where it is too big."""
    if isinstance(value, str):
        return value
    if isinstance(value, WrittenFloat):
        return value.written
    if type(value) is int and _fits_64_bits(value):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise Unreadable
    try:
        return orjson.dumps(clean_json(value, MAX_ITEM_SIZE)[0]).decode()
    except (OversizedValue, orjson.JSONEncodeError) as error:
        raise Unreadable(str(error)) from None


def _string(value: Any, _: Surroundings) -> JSONValue:
    return value if type(value) is str else text_of(value)


def _number_of(value: Any) -> Decimal | NumberText:
    """Return a JSON number as the decimal that was written, and what a text holds as it stands."""
    if isinstance(value, str):
        return find_number(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unreadable
    found = bounded_decimal(value.written if isinstance(value, WrittenFloat) else repr(value))
    if found is None or not found.is_finite():
        raise Unreadable
    return found


def _decimal_of(value: Any, around: Surroundings) -> Decimal:
    found = _number_of(value)
    if isinstance(found, Decimal):
        return found
    ambiguous = "." if type(value) is MachineText else around.ambiguous_mark
    return read_decimal(found, mark=around.decimal_mark, ambiguous=ambiguous)


def _integer(value: Any, around: Surroundings) -> JSONValue:
    if type(value) is int and _fits_64_bits(value):
        return value
    if (plain := _plain(value, around)) and "." not in plain:
        return int(plain)
    found = _decimal_of(value, around)
    if found != found.to_integral_value() or not _LEAST_INTEGER <= found <= _LARGEST_INTEGER:
        raise Unreadable
    return int(found)


def _decimal(value: Any, around: Surroundings) -> JSONValue:
    return _plain(value, around) or format(_decimal_of(value, around), "f")


def _number(value: Any, around: Surroundings) -> JSONValue:
    if type(value) is int and _fits_64_bits(value):
        return value
    if type(value) is float and math.isfinite(value):
        return value
    if plain := _plain(value, around):
        return float(plain) if "." in plain else int(plain)
    number = _number_of(value)
    found = number if isinstance(number, Decimal) else read_plain_number(number, mark=around.decimal_mark)
    if found.as_tuple().exponent == 0 and _LEAST_INTEGER <= found <= _LARGEST_INTEGER:
        return int(found)
    if not math.isfinite(float(found)):
        raise Unreadable
    return float(found)


def _boolean(value: Any, _: Surroundings) -> JSONValue:
    if isinstance(value, bool):
        return value
    truth = _TRUTHS.get(text_of(value).lower()) if isinstance(value, str | int) else None
    if truth is None:
        raise Unreadable
    return truth


def _date_time(value: Any, around: Surroundings) -> JSONValue:
    if isinstance(value, int | float) and not isinstance(value, bool):
        found = instant_of_epoch(value)
    else:
        text = text_of(value)
        try:
            found = parse_instant(text, around.dates)
        except NeedsWords:
            found = _in_words(text, around)
    if found is None:
        raise Unreadable
    return format_instant(found)


def _in_words(text: str, around: Surroundings) -> datetime | None:
    if text not in around.words:
        around.work.require_worker()
        around.work.spend(_COST_OF_WORDS)
        around.words[text] = None
        around.words[text] = parse_words_instant(text, around.dates)
    return around.words[text]


def _url(value: Any, around: Surroundings) -> JSONValue:
    if not isinstance(value, str) or len(value) > _MAX_URL:
        raise Unreadable
    if _PLAIN_URL.fullmatch(value):
        return value
    if around.origin and _PLAIN_PATH.fullmatch(value):
        return around.origin + value
    # Browsers drop tabs and line ends inside an address, and encode spaces of http and https (URL Standard, 4.4).
    text = value.translate(_LINE_ENDS)
    try:
        absolute = urljoin(around.base_url, text)
        scheme = urlsplit(absolute).scheme
    except ValueError:
        raise Unreadable from None
    if not scheme:
        raise Unreadable
    return absolute.replace(" ", "%20") if scheme in {"http", "https"} else absolute


def leads_nowhere(link: str) -> bool:
    """Return whether a link is written as one that does nothing, as pages disable the link after their last page."""
    return bool(_DISABLED.fullmatch(link))


def read_link(value: Any, around: Surroundings) -> JSONValue:
    """Return the absolute address that a text links to.

    A text that leads to no host stays as it is: whoever follows the link says what is wrong with it.
    """
    if not isinstance(value, str):
        raise Unreadable
    if not _WITHOUT_HOST.match(value.translate(_LINE_ENDS)):
        with suppress(Unreadable):
            return _url(value, around)
    return value[: _MAX_URL + 1]


def _json(value: Any, _: Surroundings) -> JSONValue:
    try:
        found = read_json(value.encode()) if isinstance(value, str) else value
        return clean_json(found, MAX_ITEM_SIZE)[0]
    except ValueError:
        raise Unreadable from None


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
"""Every converter raises Unreadable where the value is not of its type. Texts come stripped and clean."""


def keep_json(value: Any, around: Surroundings) -> JSONValue:
    """Convert to JSON what comes from JSON: a text is a text, unless it holds an object or a list."""
    if isinstance(value, str) and value[:1] not in {"{", "["}:
        return value
    return _json(value, around)
