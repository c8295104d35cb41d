"""The formats of printed rows, and of options that several verbs have."""

import re
from datetime import timedelta
from enum import StrEnum

from scrape_operator.core.durations import parse_duration
from scrape_operator.core.errors import InvalidValue

_DAYS = re.compile(r"[0-9]{1,5}d")


class RowFormat(StrEnum):
    """The format of printed rows."""

    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"


def parse_age(text: str) -> timedelta:
    """Return the length of a time: days such as 7d, or a duration such as 2h30m. Raises InvalidValue."""
    if _DAYS.fullmatch(text):
        return timedelta(days=int(text[:-1]))
    try:
        return parse_duration(text)
    except InvalidValue as error:
        raise InvalidValue(f"{text[:32]!r} is no length of time: write it as 7d, 2h or 30m") from error
