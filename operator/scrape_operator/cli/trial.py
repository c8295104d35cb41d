"""Runs schedules of files once for `test`, and prints what they gave. Nothing is written to a database."""

import mimetypes
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from scrape_operator.cli.manifests import UnreadableFile, files_in, read_objects
from scrape_operator.cli.rows import text_of
from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.runs.run import RunResult, RunStatus, TargetResult, clip
from scrape_operator.fetching.fetcher import HttpFetcher, open_fetcher
from scrape_operator.fetching.saved import open_saved_fetcher
from scrape_operator.local.objects import LocalSchedule, schedules_of
from scrape_operator.local.trial import try_schedule, with_url
from scrape_operator.settings import Settings
from scrape_operator.wiring import SystemClock, open_runner

CELL_MAX_BYTES = 60
CONTENT_TYPES = {".ndjson": "application/x-ndjson", ".jsonl": "application/x-ndjson", ".rss": "application/rss+xml"}


@dataclass(frozen=True, slots=True)
class Trial:
    """What to run: files, and what replaces the address or the answer of their first HTTP target."""

    files: Sequence[Path]
    url: str | None = None
    body: Path | None = None


async def run_trial(settings: Settings, trial: Trial) -> list[RunResult]:
    """Run every schedule of the files once.

    Raises:
        InvalidValue: A file holds no ScrapeSchedule, or can't be read.

    """
    schedules = _schedules(trial, settings)
    clock = SystemClock()
    async with _fetcher(settings, trial) as fetcher, open_runner(fetcher, clock) as runner:
        return [await try_schedule(runner, schedule.plan, clock, clock.now()) for schedule in schedules]


async def run_objects(settings: Settings, objects: Sequence[Mapping[str, Any]]) -> list[RunResult]:
    """Run every schedule among some objects once, such as one that the API server gave."""
    schedules = list(schedules_of(Path("-"), objects, settings))
    clock = SystemClock()
    async with open_fetcher(settings) as fetcher, open_runner(fetcher, clock) as runner:
        return [await try_schedule(runner, schedule.plan, clock, clock.now()) for schedule in schedules]


def _schedules(trial: Trial, settings: Settings) -> list[LocalSchedule]:
    schedules: list[LocalSchedule] = []
    for file in files_in(trial.files):
        try:
            objects = [obj if trial.url is None else with_url(obj, trial.url) for obj in read_objects(file)]
        except UnreadableFile as error:
            raise InvalidValue(f"{file}: {error}") from error
        schedules.extend(schedules_of(file, objects, settings))
    if not schedules:
        raise InvalidValue(f"{', '.join(map(str, trial.files))}: no ScrapeSchedule found: check apiVersion and kind")
    return schedules


def _fetcher(settings: Settings, trial: Trial) -> AbstractAsyncContextManager[HttpFetcher]:
    if trial.body is None:
        return open_fetcher(settings)
    suffix = trial.body.suffix.lower()
    content_type = CONTENT_TYPES.get(suffix) or mimetypes.types_map.get(suffix)
    try:
        return open_saved_fetcher(settings, trial.body.read_bytes(), content_type)
    except OSError as error:
        raise InvalidValue(f"--body {trial.body}: {error.strerror}") from error


def as_records(results: Sequence[RunResult]) -> list[dict[str, Any]]:
    """Return the results as JSON values: one object for each schedule, items in the order of the document."""
    return [
        {
            "schedule": f"{result.claim.namespace}/{result.claim.name}",
            "status": str(result.status),
            "reason": str(result.reason),
            "message": result.message,
            "targets": [_target_record(target) for target in result.targets],
        }
        for result in results
    ]


def _target_record(target: TargetResult) -> dict[str, Any]:
    return {
        "name": target.target,
        "status": str(target.status),
        "reason": str(target.reason),
        "message": target.message,
        "httpStatus": target.http_status,
        "requests": target.requests,
        "bytes": target.bytes,
        "pages": target.pages,
        "durationSeconds": round(target.duration, 3),
        "items": [dict(item.data) for item in target.items],
        "warnings": list(target.warnings),
    }


def print_results(results: Sequence[RunResult], shown: int, console: Console) -> None:
    """Print what each target gave: its figures, a table of its first items, and what it warns of."""
    for result in results:
        heading = f"{result.claim.namespace}/{result.claim.name}: {result.status} {result.reason}"
        console.print(Text(heading, style="bold green" if result.status is RunStatus.SUCCEEDED else "bold red"))
        if result.message and not any(target.message for target in result.targets):
            console.print(Text(f"  {result.message}"))
        for target in result.targets:
            _print_target(target, shown, console)


def _print_target(target: TargetResult, shown: int, console: Console) -> None:
    console.print(Text(f"  target {target.target}: {'; '.join(_figures(target))}"))
    for warning in target.warnings:
        console.print(Text(f"  warning: {warning}", style="yellow"))
    if target.items and shown:
        console.print(_items_table([item.data for item in target.items[:shown]]))
        if len(target.items) > shown:
            console.print(f"  {len(target.items) - shown} more: raise --show to see them")
        for line in _coverage(target):
            console.print(Text(f"  {line}"))


def _figures(target: TargetResult) -> Iterator[str]:
    yield f"{target.reason}, {_count(len(target.items), 'item')}"
    if target.http_status is not None:
        yield f"HTTP {target.http_status}"
    sizes = f"{_count(target.requests, 'request')}, {_count(target.bytes, 'byte')}, {_count(target.pages, 'page')}"
    yield f"{sizes} in {target.duration:.2f} s"
    if target.message:
        yield target.message


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _items_table(items: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(box=box.SIMPLE, pad_edge=False)
    names = list(dict.fromkeys(name for item in items for name in item))
    for name in names:
        table.add_column(escape(name), overflow="fold")
    for item in items:
        table.add_row(*(Text(_cell(item.get(name))) for name in names))
    return table


def _cell(value: object) -> str:
    """Return a value as a short text: lists and objects as JSON, as `items` prints them."""
    return clip(text_of(value), CELL_MAX_BYTES)


def _coverage(target: TargetResult) -> Iterator[str]:
    """Yield a line for each field that some items lack."""
    names = dict.fromkeys(name for item in target.items for name in item.data)
    for name in names:
        found = sum(item.data.get(name) not in (None, []) for item in target.items)
        if found < len(target.items):
            yield f"field {name}: found in {found} of {len(target.items)} items"
