"""What the manual says about limits and names is what the code has."""

import re
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from scrape_operator.api.kinds.registry import KINDS
from scrape_operator.api.schema.crd import crd_of
from scrape_operator.core import masking, results
from scrape_operator.core.net.day_budgets import PORTIONS
from scrape_operator.core.notifications import changes, delivery, payloads
from scrape_operator.core.runs import baseline, run
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.schedule import decision, due_times, immediate, pauses, state
from scrape_operator.extraction import extractor, step_budget
from scrape_operator.extraction.formats import html
from scrape_operator.extraction.values import calendars, json_values, types
from scrape_operator.extraction.workers import costs, pool
from scrape_operator.fetching import day_budgets
from scrape_operator.memory import shares_of
from scrape_operator.reporting.metrics.page import metrics_page
from scrape_operator.reporting.status.condition_types import ConditionReason, ConditionType
from scrape_operator.reporting.webhooks import sending
from scrape_operator.results import authority, authorization, certificates, feed, watches
from scrape_operator.results.kinds import ItemSpec, ItemStatus, RunSpec, RunStatus
from scrape_operator.running.targets import second_reading
from scrape_operator.scheduling import missing_secrets, requests, skips
from scrape_operator.settings import Settings, variable_of
from scrape_operator.storage.messages import delivering, writing
from tests.repository.tree import files, text
from tests.support.paths import ROOT

MIB, KIB = 2**20, 2**10
SHARES = shares_of(512 * MIB)
PAGES = [path for path in files() if path.suffix == ".md" and (path.parts[0] == "docs" or path == Path("README.md"))]


def whole(number: float) -> str:
    assert number == int(number)
    return f"{int(number):,}"


def seconds(value: float | timedelta) -> str:
    return f"{whole(value.total_seconds() if isinstance(value, timedelta) else value)} seconds"


CLAIMS = {
    "README.md": [f"{Settings().host_max_concurrent} requests at the same time by default"],
    "docs/notifications.md": [
        f"An answer 2xx within {seconds(sending.TIMEOUT_SECONDS)}",
        f"doubles from {seconds(delivery.BACKOFF.initial_seconds)} to an hour",
        f"{whole(delivery.GIVE_UP_AFTER / timedelta(hours=1))} hours after its first",
        f"At most {whole(writing.MAX_PENDING)} messages wait for a webhook",
        f"the last {delivering.KEPT_DELIVERED} delivered messages and up to {whole(delivering.KEPT_DEAD)} dead letters",
        f"Up to {changes.MAX_CHANGES} changes and {whole(changes.MAX_BYTES / KIB)} KiB of them are listed",
        f"of up to {payloads.MAX_TARGETS} targets",
        f"gets {Settings().host_max_concurrent} at a time by default",
    ],
    "docs/extraction.md": [
        f"| items of a document | {whole(extractor.MAX_ITEMS)}, and {whole(step_budget.MAX_HELD / MIB)} MiB",
        f"| an item | {whole(types.MAX_ITEM_SIZE / MIB)} MiB |",
        f"| depth of HTML and XML | {html._MAX_DEPTH} elements |",
        f"| depth of JSON | {json_values.MAX_NESTING} |",
        f"| {round(SHARES.slow_document / MIB)} MiB in the worker process |".removeprefix("| "),
        f"| {round(SHARES.bodies / MIB)} MiB in all, {SHARES.bodies // 2 // MIB} MiB for one |",
        f"more than {costs.PROVEN_SECONDS:.0f} s of CPU time, or has more than {whole(pool.QUICK_BYTES / MIB)} MiB",
        f"from {calendars._FIRST_BUDDHIST_YEAR} to {calendars._LAST_BUDDHIST_YEAR}",
        f"({calendars._HIJRI_YEARS[0]} to {calendars._HIJRI_YEARS[-1]})",
    ],
    "docs/scheduling.md": [
        f"begin at most every {seconds(immediate.IMMEDIATE_RUN_PACE)}",
        f"looks for them every {seconds(missing_secrets.LOOK_SECONDS)}",
        f"searched for {due_times.YEARS_AHEAD} years ahead",
        f"Tokens have up to {requests.TOKEN_MAX_LENGTH} characters",
        f"Its default is {Settings().interval_minutes} minutes",
    ],
    "docs/results-api.md": [
        f"{results.LIST_MAX_ROWS} rows at most in one answer",
        f"A user can have {watches.MAX_WATCHES_OF_USER} watches, and a process {whole(watches.MAX_WATCHES)}",
        f"reach port {Settings().results_api_port}",
    ],
    "docs/security.md": [
        f"with at least {masking.MIN_MASKED_LENGTH} characters are masked",
        f"listens on port {Settings().results_api_port}",
        f"restrict port {Settings().listen_port}",
    ],
    "docs/scrapeschedule.md": [f"A message has at most {run.MESSAGE_MAX_BYTES} bytes"],
    "docs/sql.md": [f"digests of the latest {state.REQUESTS_REMEMBERED} tokens"],
    "docs/data-checks.md": [f"the median of the last {baseline.BASELINE_RUNS} good runs"],
}
"""Sentences with numbers of the code, by page."""

IN_WORDS = [
    ("docs/notifications.md", "three attempts in a row failed", delivery.SHOWN_AFTER_ATTEMPTS, 3),
    ("docs/notifications.md", "to an hour", delivery.BACKOFF.max_seconds, 3600),
    ("docs/notifications.md", "is kept, up to an hour", delivery.BACKOFF.max_retry_after_seconds, 3600),
    ("docs/scheduling.md", "starts more than a minute late", decision.LATE, timedelta(minutes=1)),
    ("docs/scheduling.md", "for at most a second", skips.HELD_SECONDS, 1),
    ("docs/scrapeschedule.md", "up to three readings", second_reading.MAX_READINGS, 3),
    ("docs/results-api.md", "It remembers an answer for ten\nseconds", authorization.FRESH_SECONDS, 10),
    ("docs/results-api.md", "shows a change about a second after", feed.POLL_SECONDS, 1),
    ("docs/results-api.md", "renews them after two of their three months", authority.RENEWED_AT, 2 / 3),
    ("docs/results-api.md", "a minute before the certificate changes", certificates.SETTLE_SECONDS, 60),
    ("docs/sql.md", "rows are kept for a month", day_budgets.DAYS_KEPT, timedelta(days=31)),
    ("docs/policies.md", "reserves a hundredth of a limit", PORTIONS, 100),
    ("README.md", "`Orphaned` within half a minute", Settings().run_lease_seconds * 2, 30),
]
"""The same for numbers that are written as words: what the page says, the number of the code, and the one it means."""


@pytest.mark.parametrize(("page", "claim"), [(page, claim) for page in CLAIMS for claim in CLAIMS[page]])
def test_a_page_has_the_numbers_of_the_code(page: str, claim: str) -> None:
    assert claim in text(Path(page)).replace("\n  ", " ").replace("\n", " ")


@pytest.mark.parametrize(("page", "claim", "number", "meant"), IN_WORDS)
def test_a_number_in_words_is_that_of_the_code(page: str, claim: str, number: object, meant: object) -> None:
    assert claim in text(Path(page))
    assert number == meant


def named(pattern: str) -> dict[str, set[str]]:
    """Return what matches in the pages, and the pages."""
    found: dict[str, set[str]] = {}
    for page in PAGES:
        for name in re.findall(pattern, text(page)):
            found.setdefault(name, set()).add(str(page))
    return found


def unknown(pattern: str, known: set[str]) -> dict[str, set[str]]:
    return {name: pages for name, pages in named(pattern).items() if name not in known}


def test_every_setting_that_a_page_names_exists() -> None:
    known = {variable_of(field) for field in Settings.model_fields}
    assert unknown(r"\bSCRAPE_[A-Z_]+[A-Z]\b", known) == {}


def test_every_metric_that_a_page_names_exists() -> None:
    known = set(re.findall(r"^\| `(\w+)`", metrics_page(), re.MULTILINE)) | {"scrape_operator_results"}
    wrong = unknown(r"\b(scrape_operator_[a-z_]+[a-z])\b", known)
    assert {name: pages for name, pages in wrong.items() if name.removesuffix("_bucket") not in known} == {}


def test_every_condition_that_a_page_names_exists() -> None:
    known = {*ConditionType, "Available"}
    assert unknown(r"`?\b([A-Z]\w+)`?(?:=| is )(?:True|False)\b", known) == {}


def test_every_reason_that_a_condition_can_have_is_in_the_manual() -> None:
    reasons = {*Reason, *ConditionReason, *pauses.Pause}
    words = {word for page in PAGES for word in re.findall(r"\w+", text(page))}
    assert reasons - words == set()


def schema_pairs(schema: Any, parent: str = "") -> set[tuple[str, str]]:
    """Return each property of a schema with the one that it belongs to."""
    found: set[tuple[str, str]] = set()
    for name, inner in schema.get("properties", {}).items():
        found |= {(parent, name)} | schema_pairs(inner, name)
    for inner in (schema.get("items"), schema.get("additionalProperties")):
        if isinstance(inner, dict):
            found |= schema_pairs(inner, parent)
    return found


FILES_AND_KEYS = {"expect.json", "tls.crt", "tls.key"}
"""What has the form of a path of fields and is none."""


def value_pairs(values: Any, parent: str = "") -> set[tuple[str, str]]:
    inner = values.items() if isinstance(values, dict) else ()
    return {pair for name, value in inner for pair in ({(parent, name)} | value_pairs(value, name))}


def test_every_field_and_value_that_a_page_names_exists() -> None:
    versions = [version for kind in KINDS for version in crd_of(kind)["spec"]["versions"]]
    known = {pair for version in versions for pair in schema_pairs(version["schema"]["openAPIV3Schema"])}
    known |= value_pairs(yaml.safe_load((ROOT / "manifests/chart/scrape-operator/values.yaml").read_text()))
    for part, model in (("spec", RunSpec), ("spec", ItemSpec), ("status", RunStatus), ("status", ItemStatus)):
        known |= {(part, str(field.alias or name)) for name, field in model.model_fields.items()}
    parents = {parent for parent, _name in known} - {""}
    wrong = {}
    for path, pages in named(r"`([a-z]\w*(?:\.[a-z]\w*)+)`").items():
        parts = path.split(".")
        if path not in FILES_AND_KEYS and parts[0] in parents and not set(pairwise(parts)) <= known:
            wrong[path] = pages
    assert wrong == {}
