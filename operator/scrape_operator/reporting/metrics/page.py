"""Writes docs/metrics.md: the table of metrics, and rules that alert on them."""

from scrape_operator.reporting.metrics.metrics import Metrics

ALERT_RULES = """\
groups:
- name: scrape-operator
  rules:
  - alert: ScrapeOperatorDown
    expr: absent(scrape_operator_build_info)
    for: 5m
    annotations: {summary: No scrape-operator is scraped by Prometheus.}
  - alert: ScrapeOperatorBlind
    expr: scrape_operator_watch_problems > 0
    for: 2m
    annotations: {summary: The API server or the watch does not answer. Runs continue; changes of specs are not seen.}
  - alert: ScrapeSchedulesStalled
    expr: sum(scrape_operator_schedule_conditions{type="Stalled",status="True"}) > 0
    for: 5m
    annotations: {summary: '{{ $value }} schedules do not run until somebody changes them.'}
  - alert: ScrapeSchedulesFailing
    expr: sum by (reason) (scrape_operator_schedule_conditions{type="Ready",status="False"}) > 0
    for: 15m
    annotations: {summary: '{{ $value }} schedules fail: {{ $labels.reason }}.'}
  - alert: ScrapeDataUnhealthy
    expr: sum by (reason) (scrape_operator_schedule_conditions{type="DataHealthy",status="False"}) > 0
    for: 15m
    annotations: {summary: '{{ $value }} schedules have data that break an expectation: {{ $labels.reason }}.'}
  - alert: ScrapeSchedulesStale
    expr: |
      scrape_operator_schedule_success_age_seconds{le="+Inf"}
        - on (namespace) scrape_operator_schedule_success_age_seconds{le="86400"} > 0
    for: 15m
    annotations: {summary: '{{ $value }} schedules of {{ $labels.namespace }} had no success for a day.'}
  - alert: ScrapeRunsFailing
    expr: |
      sum by (namespace) (rate(scrape_operator_namespace_runs_total{status="FAILED"}[30m]))
        / sum by (namespace) (rate(scrape_operator_namespace_runs_total[30m])) > 0.5
    for: 15m
    annotations: {summary: 'More than half of the runs of {{ $labels.namespace }} fail.'}
  - alert: ScrapeRunsLate
    expr: histogram_quantile(0.99, sum by (le) (rate(scrape_operator_run_start_skew_seconds_bucket[10m]))) > 10
    for: 10m
    annotations:
      summary: 1 % of the runs start more than 10 s late. Raise CPU or SCRAPE_OPERATOR_MAX_CONCURRENT_RUNS.
"""


def metrics_page() -> str:
    """Return the page of metrics as Markdown."""
    rows = sorted(Metrics().rows)
    lines = [f"| `{row.name}` | {row.type_} | {', '.join(row.labels) or 'none'} | {row.help} |" for row in rows]
    return "\n".join(
        (
            "# Metrics",
            "",
            "`/metrics` returns these in the Prometheus text format, beside the usual `process_`, `python_` and",
            "`python_gc_` metrics. No label names a schedule, and at most 100 namespaces have labels of their own. So",
            "the number of series does not grow with the schedules.",
            "",
            "| metric | type | labels | meaning |",
            "|---|---|---|---|",
            *lines,
            "",
            "## Alert on them",
            "",
            "Rules for Prometheus, to be adapted. Each alert says what happened to whom, and some what to do.",
            "",
            "```yaml",
            f"{ALERT_RULES}```",
            "",
        )
    )
