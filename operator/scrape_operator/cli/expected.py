"""Compares for `test --body` what a saved answer gives with what it gave before: `expect.json` beside it."""

import json
from collections.abc import Mapping, Sequence
from difflib import unified_diff
from pathlib import Path
from typing import Any

from scrape_operator.core.errors import InvalidValue

FILE_NAME = "expect.json"
MAX_BYTES = 64 * 2**20
RUN_PARTS = ("schedule", "status", "reason")
TARGET_PARTS = ("name", "status", "reason", "items", "warnings")
"""What is compared: what does not depend on the machine and the time."""


def file_beside(body: Path) -> Path:
    """Return where the expected result of a saved body is kept."""
    return body.with_name(FILE_NAME)


def write_expected(file: Path, records: Sequence[Mapping[str, Any]]) -> None:
    """Write what is expected from now on. Raises InvalidValue."""
    try:
        file.write_text(_text(_comparable(records)), encoding="utf-8")
    except OSError as error:
        raise InvalidValue(f"{file}: cannot be written: {error.strerror}") from error


def compare(file: Path, records: Sequence[Mapping[str, Any]]) -> Sequence[str]:
    """Return the lines of a unified diff from what is expected to what was read; none if they are equal.

    Raises:
        InvalidValue: The file cannot be read.

    """
    try:
        if file.stat().st_size > MAX_BYTES:
            raise InvalidValue(f"{file}: is larger than {MAX_BYTES} bytes: write it anew by --update")
        expected = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidValue(f"{file}: cannot be read: write it anew by --update") from error
    before, after = _text(expected).splitlines(), _text(_comparable(records)).splitlines()
    return list(unified_diff(before, after, str(file), "this run", lineterm=""))


def _comparable(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {name: record[name] for name in RUN_PARTS}
        | {"targets": [{name: target[name] for name in TARGET_PARTS} for target in record["targets"]]}
        for record in records
    ]


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
