"""Rows as programs read them, and their values as texts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from scrape_operator.core.json_text import dump_json

Record = Mapping[str, Any]
"""A row as programs read it: values by column."""


def json_of(value: object) -> str:
    """Return a value as JSON on one line: times as RFC 3339 in UTC."""
    return dump_json(value, orjson.OPT_UTC_Z).decode()


def text_of(value: object) -> str:
    """Return a value as one text: times as RFC 3339, lists and objects as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, datetime):
        return json_of(value).strip('"')
    return json_of(value) if isinstance(value, dict | list | tuple) else str(value)
