"""Metrics for Prometheus, in a registry of their own. No label names a schedule: series stay few at any scale."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from scrape_operator import __version__
from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunClaim, RunResult, TargetResult
from scrape_operator.core.schedule.plan import SchedulePlan

logger = logging.getLogger(__name__)

PREFIX = "scrape_operator_"
SCHEDULES = PREFIX + "schedules"
SCHEDULES_HELP = "Schedules that this process knows: active, suspended or stalled."
DURATIONS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
DELAYS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)


class Row(NamedTuple):
    """One metric, as the page of metrics shows it."""

    name: str
    type_: str
    labels: tuple[str, ...]
    help: str


class Metrics:
    """Every metric of the process. A `RunObserver`; other rooms reach it through callables that `wiring` hands them."""

    def __init__(self) -> None:
        # Not a second series for each counter and histogram, that says when it began.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        self.rows: list[Row] = []
        self._make_run_metrics()
        self._make_work_metrics()
        self._make_process_metrics()
        # Finding a child by its labels costs more than counting. States and reasons are few, and so are these.
        self._run_counter = cache(self._runs.labels)
        self._target_counter = cache(self._targets.labels)

    def _make_run_metrics(self) -> None:
        self._runs = self._counter("runs", "Runs that ended and were stored.", "status", "reason")
        self._run_duration = self._histogram("run_duration_seconds", "From the claim of a run to its end.", DURATIONS)
        self._skew = self._histogram("run_start_skew_seconds", "From the due time of a run to its claim.", DELAYS)
        self._skipped = self._counter("slots_skipped", "Due times that were not run, and why.", "reason")
        self._missed = self._counter("slots_missed", "Due times that passed without a run: too late, or coalesced.")
        self._targets = self._counter("targets", "Targets of runs that ended.", "status", "reason")
        self._breaches = self._counter("expectation_breaches", "Targets whose data broke an expectation.", "reason")
        self._items = self._counter("items", "Items that runs found new, changed or gone.", "change")
        self._scraped = self._counter("items_scraped", "Items that runs read, changed or not.")
        self._requests = self._counter("http_requests", "HTTP requests that were sent for runs.")
        self._bytes = self._counter("http_response_bytes", "Bytes of HTTP responses that came over the wire for runs.")

    def _make_work_metrics(self) -> None:
        self._queue_depth = self._gauge("timer_queue_depth", "Schedules that wait for a due time.")
        self._active = self._gauge("runs_active", "Runs that are going on.")
        self._waiting = self._gauge("runs_waiting", "Runs that are due and wait for a slot in the pool.")
        self._pending = self._gauge("statuses_pending", "Statuses that wait to be written, or are being written.")
        self._writes = self._counter("status_writes", "Attempts to write a status, and what came of them.", "result")
        self._write_time = self._histogram("status_write_duration_seconds", "How long writing a status took.", DELAYS)
        self._transactions = self._histogram(
            "store_transaction_duration_seconds", "How long a database transaction took.", DELAYS
        )
        self._host_waits = self._histogram("host_wait_seconds", "Waits of requests for their host's budget.", DELAYS)
        self._breakers = self._counter("host_breakers_opened", "Hosts left alone for a while, and why.", "reason")
        self._operations = self._counter("store_operations", "Claims, results and skips that transactions held.")
        self.rows.append(Row(SCHEDULES, "gauge", ("state",), SCHEDULES_HELP))

    def _make_process_metrics(self) -> None:
        self._lag = self._histogram("event_loop_lag_seconds", "How late the event loop woke up.", DELAYS)
        build = self._gauge("build_info", "Which build this is; always 1.", "version")
        build.labels(__version__).set(1)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)

    def bind(
        self,
        *,
        timer_queue_depth: Callable[[], float],
        runs_active: Callable[[], float],
        runs_waiting: Callable[[], float],
        statuses_pending: Callable[[], float],
        schedules: Callable[[], Mapping[str, int]],
    ) -> None:
        """Say where the gauges read from. Each is called at every scrape; `schedules` gives state -> count."""
        self._queue_depth.set_function(_guarded(timer_queue_depth))
        self._active.set_function(_guarded(runs_active))
        self._waiting.set_function(_guarded(runs_waiting))
        self._pending.set_function(_guarded(statuses_pending))
        self._registry.register(_Schedules(schedules))

    def started(self, plan: SchedulePlan, claim: RunClaim, skew: float) -> None:
        """Count a run that was claimed `skew` seconds after it was due."""
        self._skew.observe(max(0.0, skew))
        if claim.missed:
            self._missed.inc(claim.missed)

    def finished(
        self,
        plan: SchedulePlan,
        result: RunResult,
        counts: ItemCounts,
        duration: float,
    ) -> None:
        """Count a run that ended after `duration` seconds, its targets and its items."""
        self._run_counter(result.status, result.reason).inc()
        self._run_duration.observe(duration)
        for change, count in (("new", counts.new), ("changed", counts.changed), ("gone", counts.gone)):
            if count:
                self._items.labels(change).inc(count)
        for target in result.targets:
            self._count_target(target)

    def _count_target(self, target: TargetResult) -> None:
        self._target_counter(target.status, target.reason).inc()
        self._scraped.inc(len(target.items))
        self._requests.inc(target.requests)
        self._bytes.inc(target.bytes)
        if target.breach is not None:
            self._breaches.labels(target.reason).inc()

    def skipped(self, plan: SchedulePlan, reason: Reason, missed: int) -> None:
        """Count a due time that was not run, and the `missed` ones that were coalesced into it."""
        self._skipped.labels(reason).inc()
        late = missed + (reason is Reason.MISSED_DEADLINE)
        if late:
            self._missed.inc(late)

    def status_written(self, result: str, seconds: float) -> None:
        """Count an attempt to write a status."""
        self._writes.labels(result).inc()
        self._write_time.observe(seconds)

    def store_transaction(self, seconds: float, operations: int) -> None:
        """Note how long a database transaction took, and how much it held: group commit makes it several operations."""
        self._transactions.observe(seconds)
        self._operations.inc(operations)

    def host_waited(self, seconds: float) -> None:
        """Note that a request waited for its turn at a host."""
        self._host_waits.observe(seconds)

    def host_opened(self, reason: Reason) -> None:
        """Note that a host refuses us, or is away, and is left alone."""
        self._breakers.labels(reason).inc()

    def loop_lag(self, seconds: float) -> None:
        """Note by how much the event loop was late."""
        self._lag.observe(seconds)

    def render(self) -> tuple[bytes, str]:
        """Give all metrics as text, and the content type of that text."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST

    def _counter(self, name: str, help_: str, *labels: str) -> Counter:
        self.rows.append(Row(f"{PREFIX}{name}_total", "counter", labels, help_))
        return Counter(PREFIX + name, help_, labels, registry=self._registry)

    def _gauge(self, name: str, help_: str, *labels: str) -> Gauge:
        self.rows.append(Row(PREFIX + name, "gauge", labels, help_))
        return Gauge(PREFIX + name, help_, labels, registry=self._registry)

    def _histogram(self, name: str, help_: str, buckets: Sequence[float], *labels: str) -> Histogram:
        self.rows.append(Row(PREFIX + name, "histogram", labels, help_))
        return Histogram(PREFIX + name, help_, labels, buckets=buckets, registry=self._registry)


class _Schedules(Collector):
    """Counts schedules by state when it is asked: one pass, not one for each state."""

    def __init__(self, count: Callable[[], Mapping[str, int]]) -> None:
        self._count = count

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Give the one family."""
        family = GaugeMetricFamily(SCHEDULES, SCHEDULES_HELP, labels=["state"])
        try:
            for state, number in self._count().items():
                family.add_metric([state], number)
        except Exception:
            logger.exception("schedules could not be counted")
        yield family

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Give the name without counting."""
        yield GaugeMetricFamily(SCHEDULES, SCHEDULES_HELP, labels=["state"])


def _guarded(read: Callable[[], float]) -> Callable[[], float]:
    """Let one broken gauge be NaN, instead of taking all metrics with it."""

    def value() -> float:
        try:
            return read()
        except Exception:
            logger.exception("a gauge could not be read")
            return float("nan")

    return value


def metrics_page() -> str:
    """Write the page of metrics, as Markdown."""
    rows = sorted(Metrics().rows)
    lines = [f"| `{row.name}` | {row.type_} | {', '.join(row.labels) or 'none'} | {row.help} |" for row in rows]
    return "\n".join(
        (
            "# Metrics",
            "",
            "`/metrics` gives these in the Prometheus text format, beside the usual `process_`, `python_` and",
            "`python_gc_` metrics. No label names a schedule, so that their number doesn't grow with the schedules.",
            "",
            "| metric | type | labels | meaning |",
            "|---|---|---|---|",
            *lines,
            "",
        )
    )
