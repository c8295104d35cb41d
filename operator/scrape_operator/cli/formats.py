"""The formats of printed rows, and of options that several verbs have."""

import re
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

import typer

from scrape_operator.core.durations import parse_duration
from scrape_operator.core.errors import InvalidValue

_DAYS = re.compile(r"[0-9]{1,5}d")


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


def parse_age(text: str) -> timedelta:
    """Return the length of a time: days such as 7d, or a duration such as 2h30m. Raises InvalidValue."""
    if _DAYS.fullmatch(text):
        return timedelta(days=int(text[:-1]))
    try:
        return parse_duration(text)
    except InvalidValue as error:
        raise InvalidValue(f"{text[:32]!r} is no length of time: write it as 7d, 2h or 30m") from error
