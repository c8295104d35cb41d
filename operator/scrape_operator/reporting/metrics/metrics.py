"""Every metric of the process, in a registry of its own. No label names a schedule: series stay few at any scale."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import NamedTuple, cast

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

from scrape_operator import __version__
from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunClaim, RunResult, TargetResult
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.reporting.metrics.collectors import Family, NamespaceLabel, Samples, success_ages

logger = logging.getLogger(__name__)

PREFIX = "scrape_operator_"
DURATIONS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
DELAYS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)


class Row(NamedTuple):
    """One metric, as the page of metrics shows it."""

    name: str
    type_: str
    labels: tuple[str, ...]
    help: str


SCHEDULES = Row(
    PREFIX + "schedules", "gauge", ("state",), "Schedules that this process runs: active, suspended or stalled."
)
CONDITIONS = Row(
    PREFIX + "schedule_conditions",
    "gauge",
    ("type", "status", "reason"),
    "Schedules by condition, as their statuses say. DataHealthy=False are those with unhealthy data.",
)
SUCCESS_AGES = Row(
    PREFIX + "schedule_success_age_seconds",
    "gauge",
    ("namespace", "le"),
    "Schedules of a namespace whose last success is at most so many seconds old, +Inf is all of them.",
)


class Metrics:
    """Counts and measures. A `RunObserver`; other packages reach it through callables that `wiring` passes to them."""

    def __init__(self) -> None:
        # Without it each counter and histogram has a second series, which says when it began.
        cast("Callable[[], None]", disable_created_metrics)()
        self._registry = CollectorRegistry()
        self._namespace = NamespaceLabel()
        self.rows: list[Row] = []
        self._make_run_metrics()
        self._make_work_metrics()
        self._make_process_metrics()
        self._describe_families()
        # Finding a child by its labels costs more than counting. States and reasons are few, and so are these.
        self._run_counter = cache(self._runs.labels)
        self._target_counter = cache(self._targets.labels)

    def _make_run_metrics(self) -> None:
        self._runs = self._counter("runs", "Runs that ended and were stored.", "status", "reason")
        self._namespace_runs = self._counter(
            "namespace_runs",
            "Runs that ended, by namespace; beyond 100 namespaces they are other.",
            "namespace",
            "status",
        )
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
        self._waiting = self._gauge("runs_waiting", "Runs that are due and wait for a place in the pool.")
        self._pending = self._gauge("statuses_pending", "Statuses that wait to be written, or are being written.")
        self._writes = self._counter("status_writes", "Attempts to write a status, and what came of them.", "result")
        self._write_time = self._histogram("status_write_duration_seconds", "How long writing a status took.", DELAYS)
        self._transactions = self._histogram(
            "store_transaction_duration_seconds", "How long a database transaction took.", DELAYS
        )
        self._host_waits = self._histogram("host_wait_seconds", "Waits of requests for their host's budget.", DELAYS)
        self._days = self._gauge(
            "day_budgets_used_up", "Policies with a budget of the day of which nothing is left until the next UTC day."
        )
        self._breakers = self._counter("host_breakers_opened", "Hosts left alone for a while, and why.", "reason")
        self._messages = self._counter(
            "webhook_attempts", "Attempts to deliver messages to webhooks, and their results.", "event", "result"
        )
        self._webhooks = self._gauge("webhooks_pending", "Webhooks with messages that wait or are being sent.")
        self._dead_letters = self._gauge("webhook_dead_letters", "Messages to webhooks that were given up.")
        self._operations = self._counter("store_operations", "Claims, results and skips that transactions held.")

    def _make_process_metrics(self) -> None:
        self._lag = self._histogram("event_loop_lag_seconds", "How late the event loop woke up.", DELAYS)
        ages = "Seconds since the {}; -1 before the first."
        self._watch = {
            "last_event": self._gauge("watch_last_event_age_seconds", ages.format("watch brought an event")),
            "last_list": self._gauge("watch_last_list_age_seconds", ages.format("objects were listed and compared")),
            "last_answer": self._gauge(
                "api_server_last_answer_age_seconds", ages.format("API server answered a probe")
            ),
            "problems": self._gauge("watch_problems", "What is wrong with watch and API server; 0 is healthy."),
            "restarts": self._gauge("watch_restarts", "How often the watch was started again since the start."),
        }
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
        day_budgets_used_up: Callable[[], float],
        webhooks_pending: Callable[[], float],
        webhook_dead_letters: Callable[[], float],
        schedules: Callable[[], Mapping[str, int]],
        conditions: Callable[[], Mapping[tuple[str, str, str], int]],
        success_ages_by_namespace: Callable[[], Iterable[tuple[str, float | None]]],
    ) -> None:
        """Set what the gauges read from. Each is called at every scrape.

        Args:
            timer_queue_depth: schedules that wait for a due time.
            runs_active: runs that go on.
            runs_waiting: runs that wait for a slot.
            statuses_pending: statuses that wait to be written.
            day_budgets_used_up: policies of whose budget of the day nothing is left.
            webhooks_pending: webhooks with messages that wait.
            webhook_dead_letters: messages that were given up.
            schedules: state -> number of schedules.
            conditions: type, status and reason of a condition -> number of schedules.
            success_ages_by_namespace: namespace and seconds since the last success, for each schedule.

        """
        self._queue_depth.set_function(_guarded(timer_queue_depth))
        self._active.set_function(_guarded(runs_active))
        self._waiting.set_function(_guarded(runs_waiting))
        self._pending.set_function(_guarded(statuses_pending))
        self._days.set_function(_guarded(day_budgets_used_up))
        self._webhooks.set_function(_guarded(webhooks_pending))
        self._dead_letters.set_function(_guarded(webhook_dead_letters))
        self._read_family(SCHEDULES, lambda: (((state,), count) for state, count in schedules().items()))
        self._read_family(CONDITIONS, lambda: conditions().items())
        self._read_family(SUCCESS_AGES, lambda: success_ages(success_ages_by_namespace(), self._namespace))

    def bind_watch(self, measure: Callable[[], Mapping[str, float]]) -> None:
        """Set what the gauges of the watch read from: last_event, last_list, last_answer, problems, restarts."""
        for name, gauge in self._watch.items():
            gauge.set_function(_guarded(partial(_measurement, measure, name)))

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
        self._namespace_runs.labels(self._namespace.of(plan.key.namespace), result.status).inc()
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
        """Observe how long a database transaction took, and count its operations: group commit joins several."""
        self._transactions.observe(seconds)
        self._operations.inc(operations)

    def host_waited(self, seconds: float) -> None:
        """Note that a request waited for its turn at a host."""
        self._host_waits.observe(seconds)

    def host_opened(self, reason: Reason) -> None:
        """Count that the breaker of a host has begun to refuse a requester."""
        self._breakers.labels(reason).inc()

    def message_attempted(self, event: str, result: str) -> None:
        """Count an attempt to deliver a message to a webhook; `failed` means that the message was given up."""
        self._messages.labels(event, result).inc()

    def loop_lag(self, seconds: float) -> None:
        """Note by how much the event loop was late."""
        self._lag.observe(seconds)

    def render(self) -> tuple[bytes, str]:
        """Return all metrics as text, and the content type of that text."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST

    def _read_family(self, row: Row, read: Callable[[], Samples]) -> None:
        self._registry.register(Family(row.name, row.help, row.labels, read))

    def _describe_families(self) -> None:
        self.rows += [SCHEDULES, CONDITIONS, SUCCESS_AGES]

    def _counter(self, name: str, help_: str, *labels: str) -> Counter:
        self.rows.append(Row(f"{PREFIX}{name}_total", "counter", labels, help_))
        return Counter(PREFIX + name, help_, labels, registry=self._registry)

    def _gauge(self, name: str, help_: str, *labels: str) -> Gauge:
        self.rows.append(Row(PREFIX + name, "gauge", labels, help_))
        return Gauge(PREFIX + name, help_, labels, registry=self._registry)

    def _histogram(self, name: str, help_: str, buckets: Sequence[float], *labels: str) -> Histogram:
        self.rows.append(Row(PREFIX + name, "histogram", labels, help_))
        return Histogram(PREFIX + name, help_, labels, buckets=buckets, registry=self._registry)


def _measurement(measure: Callable[[], Mapping[str, float]], name: str) -> float:
    return measure()[name]


def _guarded(read: Callable[[], float]) -> Callable[[], float]:
    """Return a function whose value is NaN where `read` fails, so that one gauge does not spoil all metrics."""

    def value() -> float:
        try:
            return read()
        except Exception:
            logger.exception("gauge cannot be read")
            return float("nan")

    return value
