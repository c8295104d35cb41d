"""Compares for `test --body` what a saved answer gives with what it gave before: a file beside it.

That is `expect.json`, or for a further body in the same folder `BODY.expect.json`, such as `saved.html.expect.json`.
"""

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
BODY = "body"
"""The member of each run in the file that names the body. Files of older versions do not have it."""


def file_beside(body: Path) -> Path:
    """Return where the expected result of a saved body is kept: in `expect.json`, unless it is that of another body."""
    own, shared = body.with_name(f"{body.name}.{FILE_NAME}"), body.with_name(FILE_NAME)
    return own if own.exists() or _is_of_another(shared, body) else shared


def write_expected(file: Path, records: Sequence[Mapping[str, Any]], body: Path) -> None:
    """Write what is expected of a body from now on. Raises InvalidValue."""
    try:
        file.write_text(_text([{BODY: body.name, **record} for record in _comparable(records)]), encoding="utf-8")
    except OSError as error:
        raise InvalidValue(f"{file}: cannot be written: {error.strerror}") from error


def compare(file: Path, records: Sequence[Mapping[str, Any]]) -> Sequence[str]:
    """Return the lines of a unified diff from what is expected to what was read; none if they are equal.

    Raises:
        InvalidValue: The file cannot be read.

    """
    expected = _read(file)
    if isinstance(expected, list):
        expected = [_without_body(record) for record in expected]
    before, after = _text(expected).splitlines(), _text(_comparable(records)).splitlines()
    return list(unified_diff(before, after, str(file), "this run", lineterm=""))


def _read(file: Path) -> Any:
    """Return the content of a file. Raises InvalidValue."""
    try:
        if file.stat().st_size > MAX_BYTES:
            raise InvalidValue(f"{file}: is larger than {MAX_BYTES} bytes: write it anew by --update")
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidValue(f"{file}: cannot be read: write it anew by --update") from error


def _is_of_another(file: Path, body: Path) -> bool:
    """Return whether a file is that of another body that is still there: a body that was renamed keeps its file."""
    try:
        [record, *_others] = _read(file)
        named = record[BODY]
    except (InvalidValue, KeyError, TypeError, ValueError):
        return False
    return isinstance(named, str) and named not in {"", body.name} and body.with_name(Path(named).name).is_file()


def _without_body(record: Any) -> Any:
    return {name: record[name] for name in record if name != BODY} if isinstance(record, dict) else record


def _comparable(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {name: record[name] for name in RUN_PARTS}
        | {"targets": [{name: target[name] for name in TARGET_PARTS} for target in record["targets"]]}
        for record in records
    ]


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
