"""Prints for `test` what runs gave: for a person, or as JSON."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from itertools import islice, zip_longest
from typing import Any
from urllib.parse import urlsplit

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from scrape_operator.cli.consoles import open_console
from scrape_operator.cli.records import text_of
from scrape_operator.core.runs.outcome import Outcome
from scrape_operator.core.runs.reasons import OUTAGES
from scrape_operator.core.runs.run import RunResult, RunStatus, TargetResult, clip
from scrape_operator.fetching.traced import RequestTrace
from scrape_operator.local.trial import Tried

CELL_MAX_BYTES = 60
URL_MAX_BYTES = 200
SHOWN_REQUESTS = 10
PHASES = ("dns", "connect", "wait", "download", "extract")
"""The parts of a request's time, in their order; attributes of RequestTrace."""


def as_records(tried: Sequence[Tried]) -> list[dict[str, Any]]:
    """Return the results as JSON values: one object for each schedule, items in the order of the document."""
    return [run_record(each) for each in tried]


def run_record(tried: Tried) -> dict[str, Any]:
    """Return one run as a JSON value."""
    claim = tried.result.claim
    targets = [_target_record(target, traces) for target, traces in _targets(tried)]
    return outcome_record(f"{claim.namespace}/{claim.name}", tried.result, targets)


def outcome_record(schedule: str, outcome: RunResult | Outcome, targets: Sequence[object] = ()) -> dict[str, Any]:
    """Return how a run ended, or why there was none, as a JSON value."""
    return {
        "schedule": schedule,
        "status": str(outcome.status),
        "reason": str(outcome.reason),
        "message": outcome.message,
        "targets": list(targets),
    }


def _targets(tried: Tried) -> Iterator[tuple[TargetResult, Sequence[RequestTrace]]]:
    """Yield each target with its requests, as far as they were noted."""
    yield from zip_longest(tried.result.targets, tried.traces[: len(tried.result.targets)], fillvalue=())


def _target_record(target: TargetResult, traces: Sequence[RequestTrace]) -> dict[str, Any]:
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
        "found": dict(target.found),
        "trace": [_trace_record(trace) for trace in traces],
    }


def _trace_record(trace: RequestTrace) -> dict[str, Any]:
    seconds = {f"{phase}Seconds": round(getattr(trace, phase), 6) for phase in PHASES}
    texts = {
        name: getattr(trace, name) for name in ("method", "url", "status", "problem", "address", "guard", "robots")
    }
    return {**texts, "bytes": trace.bytes, **seconds}


def print_results(tried: Sequence[Tried], shown: int, *, is_verbose: bool = False) -> None:
    """Print what each target gave: its figures, requests, warnings, a table of its first items, and coverage.

    `is_verbose` says whether all requests are printed where there are many.
    """
    console = open_console()
    for each in tried:
        result = each.result
        heading = f"{result.claim.namespace}/{result.claim.name}: {result.status} {result.reason}"
        console.print(Text(heading, style="bold green" if result.status is RunStatus.SUCCEEDED else "bold red"))
        if result.message and not any(target.message for target in result.targets):
            console.print(Text(f"  {result.message}"))
        for target, traces in _targets(each):
            console.print(Text(f"  target {target.target}: {'; '.join(_figures(target))}"), soft_wrap=True)
            for line in _request_lines(traces, is_verbose=is_verbose):
                console.print(Text(f"    {line}", style="dim"), soft_wrap=True)
            _print_target(target, shown, console)


def _print_target(target: TargetResult, shown: int, console: Console) -> None:
    for warning in target.warnings:
        console.print(Text(f"  warning: {warning}", style="yellow"), soft_wrap=True)
    if target.items and shown:
        console.print(_items_table([item.data for item in target.items[:shown]]))
        if len(target.items) > shown:
            console.print(f"  {len(target.items) - shown} more: raise --show to see them")
    for line in _coverage(target):
        if not any(warning.startswith(line) for warning in target.warnings):
            console.print(Text(f"  {line}"), soft_wrap=True)


def _figures(target: TargetResult) -> Iterator[str]:
    yield f"{target.reason}, {_count(len(target.items), 'item')}"
    if target.http_status is not None:
        yield f"{'last answer ' if target.reason in OUTAGES else ''}HTTP {target.http_status}"
    sizes = f"{_count(target.requests, 'request')}, {_count(target.bytes, 'byte')}, {_count(target.pages, 'page')}"
    yield f"{sizes} in {target.duration:.2f} s"
    if target.message:
        yield target.message


def _request_lines(traces: Sequence[RequestTrace], *, is_verbose: bool) -> Iterator[str]:
    """Yield lines on requests: what came of each, where the time went, and the verdicts on each host.

    Of many requests those that failed are listed, and the others are counted, unless `is_verbose`.
    """
    is_long = len(traces) > SHOWN_REQUESTS and not is_verbose
    for trace in [trace for trace in traces if _is_failed(trace)][:SHOWN_REQUESTS] if is_long else traces:
        phases = ", ".join(f"{phase} {getattr(trace, phase) * 1000:.0f} ms" for phase in PHASES)
        size = "" if trace.problem else f", {_count(trace.bytes, 'byte')}"
        yield f"{trace.method} {clip(trace.url, URL_MAX_BYTES)}: {_outcome(trace)}{size}; {phases}"
    if is_long:
        yield _summary(traces)
    verdicts = dict.fromkeys(map(_verdict, traces))
    yield from islice(verdicts, None if is_verbose else SHOWN_REQUESTS)
    if len(verdicts) > SHOWN_REQUESTS and not is_verbose:
        yield f"{len(verdicts) - SHOWN_REQUESTS} more verdicts: --verbose prints them"


def _is_failed(trace: RequestTrace) -> bool:
    return bool(trace.problem) or (trace.status or 0) >= HTTPStatus.BAD_REQUEST


def _outcome(trace: RequestTrace) -> str:
    return trace.problem or f"HTTP {trace.status}"


def _summary(traces: Sequence[RequestTrace]) -> str:
    """Return a line that counts requests by what came of them, and names the slowest one."""
    counts = Counter(trace.problem.partition(":")[0] or _outcome(trace) for trace in traces)
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in counts.most_common())
    slowest = max(traces, key=_seconds)
    slow = f"the slowest took {_seconds(slowest) * 1000:.0f} ms: {slowest.method} {clip(slowest.url, URL_MAX_BYTES)}"
    return f"{len(traces)} requests: {outcomes}; {slow}; --verbose prints all of them"


def _seconds(trace: RequestTrace) -> float:
    return trace.dns + trace.connect + trace.wait + trace.download


def _verdict(trace: RequestTrace) -> str:
    guard = f"; address {trace.address}: {trace.guard}" if trace.address else ""
    return f"{urlsplit(trace.url).netloc}: robots: {trace.robots}{guard}"


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
    """Yield the share of the items in which each selector matched, and a line for each field that some lack."""
    if target.items and target.found:
        yield f"selectors matched: {', '.join(f'{name} {share} %' for name, share in target.found.items())}"
    names = dict.fromkeys(name for item in target.items for name in item.data)
    for name in names:
        found = sum(item.data.get(name) not in (None, []) for item in target.items)
        if found < len(target.items):
            yield f"field {name}: found in {found} of {len(target.items)} items"
