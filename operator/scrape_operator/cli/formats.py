"""The formats of printed rows, and of options that several verbs have."""

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated

import typer

from scrape_operator.core.durations import parse_duration
from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.times import rfc3339

_DAYS = re.compile(r"[0-9]{1,5}d")
_MIDNIGHTS = {"today": timedelta(0), "yesterday": timedelta(days=1)}
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


def parse_time(text: str, now: datetime) -> datetime:
    """Return the time that `--since` or `--until` names.

    Args:
        text: A length of time before `now`: days such as 7d, or a duration such as 2h30m. Or a date or a time by
            ISO 8601, in UTC where it names no offset. Or `today` or `yesterday`: its first instant in UTC.
        now: The present time, with its zone.

    Raises:
        InvalidValue: It is none of them.

    """
    try:
        if text in _MIDNIGHTS:
            return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - _MIDNIGHTS[text]
        if _TIME.fullmatch(text):
            return _in_utc(datetime.fromisoformat(text))
        return now - (timedelta(days=int(text[:-1])) if _DAYS.fullmatch(text) else parse_duration(text))
    except (InvalidValue, OverflowError, ValueError) as error:
        example = "write it as 7d, 2h, 30m, today, yesterday, 2026-11-29 or 2026-11-29T08:00Z"
        raise InvalidValue(f"{text[:32]!r} is no length of time and no date: {example}") from error


def parse_period(since: str | None, until: str | None, now: datetime) -> tuple[datetime | None, datetime | None]:
    """Return the times that `--since` and `--until` name.

    Raises:
        InvalidValue: One of them is no time, or no time is between them.

    """
    start = None if since is None else parse_time(since, now)
    end = None if until is None else parse_time(until, now)
    if start is not None and end is not None and start >= end:
        times = f"--since {rfc3339(start, 'seconds')} is not before --until {rfc3339(end, 'seconds')}"
        raise InvalidValue(f"{times}: name an earlier time by --since")
    return start, end


def _in_utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
