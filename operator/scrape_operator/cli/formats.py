"""The formats of printed rows, and of options that several verbs have."""

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated

import typer

from scrape_operator.core.durations import parse_duration
from scrape_operator.core.errors import InvalidValue

_DAYS = re.compile(r"[0-9]{1,5}d")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}.*)?")


class Output(StrEnum):
    """The format of a verb's output: for a person, or for a program."""

    TEXT = "text"
    JSON = "json"


class RecordFormat(StrEnum):
    """The format of runs that are printed while they end: one list, or a value on each line."""

    TEXT = "text"
    JSON = "json"
    NDJSON = "ndjson"


class ManifestFormat(StrEnum):
    """The format of objects."""

    YAML = "yaml"
    JSON = "json"


OutputOption = Annotated[Output, typer.Option("-o", "--output", help="text or json.")]
ManifestOption = Annotated[ManifestFormat, typer.Option("-o", "--output", help="yaml or json.")]


class RowFormat(StrEnum):
    """The format of printed rows."""

    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"
    PARQUET = "parquet"


class ExportFormat(StrEnum):
    """The format of rows for another program."""

    CSV = "csv"
    NDJSON = "ndjson"
    JSON = "json"
    PARQUET = "parquet"


class ReplayFormat(StrEnum):
    """The format of a replay."""

    TABLE = "table"
    JSON = "json"


def parse_since(text: str, now: datetime) -> datetime:
    """Return the time from which on rows are printed.

    Args:
        text: A length of time before `now`: days such as 7d, or a duration such as 2h30m. Or a date or a time by
            ISO 8601, in UTC where it names no offset.
        now: The present time, with its zone.

    Raises:
        InvalidValue: It is none of them.

    """
    try:
        if _TIME.fullmatch(text):
            return _in_utc(datetime.fromisoformat(text))
        return now - (timedelta(days=int(text[:-1])) if _DAYS.fullmatch(text) else parse_duration(text))
    except (InvalidValue, OverflowError, ValueError) as error:
        example = "write it as 7d, 2h, 30m, 2026-11-29 or 2026-11-29T08:00Z"
        raise InvalidValue(f"{text[:32]!r} is no length of time and no date: {example}") from error


def _in_utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
