"""Proposes types for fields whose values are texts. A type is proposed only if it reads all of them."""

import re
from collections.abc import Callable, Sequence
from typing import Final

from scrape_operator.api.kinds.extract import FieldType
from scrape_operator.discovery.proposal import type_of
from scrape_operator.extraction.values.types import CONVERTERS, Surroundings
from scrape_operator.extraction.values.unreadable import Unreadable

_MARK: Final = re.compile(r"[.,]\d")
_CURRENCY: Final = re.compile(r"[$€£¥₹₽₩]|\b(?:EUR|USD|GBP|CHF|JPY|CNY|SEK|NOK|DKK|PLN|CZK|NGN|KES|GHS)\b")
_NUMBER: Final = re.compile(r"\D{0,8}\d[\d.,' ]*\D{0,12}")
_NUMERIC_DATE: Final = re.compile(r"\d{1,2}([./])\d{1,2}\1\d{2,4}")
_DATE_IN_WORDS: Final = re.compile(r"(?=.*[^\W\d_]{3})(?=.*\d).{4,40}", re.DOTALL)
_SAMPLE_LENGTH: Final = 30


def text_type_of(values: Sequence[str | None]) -> str:
    """Return the type of a field whose values are texts, in which numbers may have a unit or a decimal mark."""
    present = [value for value in values if value]
    if any(_NUMERIC_DATE.fullmatch(value) for value in present):
        return "String"
    if any(map(_is_amount, present)) and all(_reads(FieldType.DECIMAL, value, _is_number) for value in present):
        return "Decimal"
    if present and all(value.isdecimal() and (value == "0" or value[0] != "0") for value in present):
        return "Integer"
    if present and all(_reads(FieldType.DATE_TIME, value, _is_date_in_words) for value in present):
        return "DateTime"
    return type_of(values)


def type_note(values: Sequence[str | None]) -> str:
    """Return a comment on a type that may be meant by texts without one, or an empty text."""
    present = [value for value in values if value]
    if not present or text_type_of(values) != "String":
        return ""
    if all(_NUMERIC_DATE.fullmatch(value) for value in present):
        return "type: DateTime may read it: set dateOrder, too"
    kinds: tuple[tuple[FieldType, Callable[[str], bool]], ...] = (
        (FieldType.DECIMAL, lambda value: _is_number(value) and _is_amount(value)),
        (FieldType.DATE_TIME, _is_date_in_words),
        (FieldType.INTEGER, _is_number),
    )
    for type_, is_meant in kinds:
        others = [value for value in present if not _reads(type_, value, is_meant)]
        if not others:
            return f"type: {type_} reads all values, such as {present[0][:_SAMPLE_LENGTH]!r}"
        if 2 * len(others) < len(present):
            count = f"{len(present) - len(others)} of {len(present)} values"
            return f"type: {type_} reads {count}, but not {others[0][:_SAMPLE_LENGTH]!r}"
    return ""


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


def _is_amount(text: str) -> bool:
    """Return whether a text has a decimal mark or a currency."""
    return _MARK.search(text) is not None or _CURRENCY.search(text) is not None


def _is_date_in_words(text: str) -> bool:
    return _DATE_IN_WORDS.fullmatch(text) is not None


def _reads(type_: FieldType, text: str, is_meant: Callable[[str], bool]) -> bool:
    """Return whether a text is of the form that a type is proposed for, and the type reads it."""
    if not is_meant(text):
        return False
    try:
        CONVERTERS[type_](text, Surroundings())
    except Unreadable:
        return False
    return True
