"""The formats of printed rows."""

from enum import StrEnum


class RowFormat(StrEnum):
    """The format of printed rows."""

    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"
