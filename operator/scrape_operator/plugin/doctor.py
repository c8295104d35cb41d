"""What is wrong, and what to do about it: the checks of `kubectl scrape doctor`.

Each check is a function that returns findings. One that cannot be made is a finding, too.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from scrape_operator.api.kinds.registry import SCRAPE_SCHEDULE
from scrape_operator.cluster.client import HTTP_NOT_FOUND, ClusterClient
from scrape_operator.core.errors import ClusterError, ScrapeOperatorError
from scrape_operator.core.reading import RunQuery
from scrape_operator.settings import Settings
from scrape_operator.storage.reading.history import open_history

CLOCK_TOLERANCE = timedelta(seconds=30)
SILENCE = timedelta(minutes=15)
"""A schedule that is due and has no newer status than this is not looked after by a running operator."""

VERBS = ("get", "list", "patch")


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One line of the report. `remedy` is what to do, empty where nothing is wrong."""

    check: str
    level: Level
    message: str
    remedy: str = ""


async def examine(client: ClusterClient, settings: Settings, namespace: str, name: str | None) -> Sequence[Diagnosis]:
    """Run every check, each on its own: one that fails does not end the others."""
    checks: Sequence[tuple[str, Callable[[], Awaitable[Sequence[Diagnosis]]]]] = (
        ("API server", lambda: _api_server(client)),
        ("CRD", lambda: _crd(client)),
        ("rights", lambda: _rights(client, namespace)),
        ("schedules", lambda: _schedules(client, namespace, name)),
        ("database", lambda: _database(settings)),
    )
    found: list[Diagnosis] = []
    for title, check in checks:
        try:
            found += await check()
        except ScrapeOperatorError as error:
            found.append(Diagnosis(title, Level.ERROR, str(error), "correct this first: other checks depend on it"))
    return found


async def _api_server(client: ClusterClient) -> Sequence[Diagnosis]:
    version = await client.request("GET", "/version")
    return [Diagnosis("API server", Level.OK, f"Kubernetes {version.get('gitVersion', 'of unknown version')}")]


async def _crd(client: ClusterClient) -> Sequence[Diagnosis]:
    path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{SCRAPE_SCHEDULE.crd_name}"
    try:
        crd = await client.request("GET", path)
    except ClusterError as error:
        if error.status != HTTP_NOT_FOUND:
            raise
        remedy = "install the chart, or run: scrape-operator crd | kubectl apply -f -"
        return [Diagnosis("CRD", Level.ERROR, f"{SCRAPE_SCHEDULE.crd_name} is not installed", remedy)]
    served = [each["name"] for each in crd["spec"]["versions"] if each.get("served")]
    if SCRAPE_SCHEDULE.version in served:
        return [Diagnosis("CRD", Level.OK, f"{SCRAPE_SCHEDULE.crd_name} serves {', '.join(served)}")]
    message = f"{SCRAPE_SCHEDULE.crd_name} serves {', '.join(served)} and not {SCRAPE_SCHEDULE.version}"
    return [Diagnosis("CRD", Level.ERROR, message, "apply the CRD of this version: scrape-operator crd")]


async def _rights(client: ClusterClient, namespace: str) -> Sequence[Diagnosis]:
    missing = [verb for verb in VERBS if not await _may(client, namespace, verb)]
    if not missing:
        return [Diagnosis("rights", Level.OK, f"{', '.join(VERBS)} scrapeschedules in namespace {namespace}")]
    message = f"no right to {', '.join(missing)} scrapeschedules in namespace {namespace}"
    return [Diagnosis("rights", Level.ERROR, message, "ask for the ClusterRole `edit` in this namespace")]


async def _may(client: ClusterClient, namespace: str, verb: str) -> bool:
    kind = SCRAPE_SCHEDULE
    attributes = {"namespace": namespace, "verb": verb, "group": kind.group, "resource": kind.plural}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    answer = await client.request("POST", path, body=review)
    return bool((answer.get("status") or {}).get("allowed"))


async def _schedules(client: ClusterClient, namespace: str, name: str | None) -> Sequence[Diagnosis]:
    now = datetime.now(UTC)
    findings: list[Diagnosis] = []
    count = 0
    async for obj in _objects(client, namespace, name):
        count += 1
        findings += diagnose_schedule(obj, now)
    if not count:
        what = f"ScrapeSchedule {name}" if name else "ScrapeSchedule"
        return [Diagnosis("schedules", Level.WARNING, f"no {what} in namespace {namespace}", "apply one")]
    bad = [finding for finding in findings if finding.level is not Level.OK]
    return bad or [Diagnosis("schedules", Level.OK, f"{count} in namespace {namespace}, none with a problem")]


async def _objects(client: ClusterClient, namespace: str, name: str | None) -> AsyncIterator[Mapping[str, Any]]:
    if name is not None:
        try:
            yield await client.request("GET", SCRAPE_SCHEDULE.path(namespace, name))
        except ClusterError as error:
            if error.status != HTTP_NOT_FOUND:
                raise
        return
    token: str | None = None
    while True:
        params = {"limit": "100"} | ({"continue": token} if token else {})
        page = await client.request("GET", SCRAPE_SCHEDULE.path(namespace), params=params)
        for obj in page.get("items") or ():
            yield obj
        token = (page.get("metadata") or {}).get("continue")
        if not token:
            return


def diagnose_schedule(obj: Mapping[str, Any], now: datetime) -> list[Diagnosis]:
    """Return what is wrong with one schedule, as its status says it at `now`."""
    metadata, status = obj["metadata"], obj.get("status") or {}
    title = f"schedule {metadata['name']}"
    conditions = {each["type"]: each for each in status.get("conditions") or ()}
    if status.get("observedGeneration", -1) < metadata.get("generation", 0):
        return [_unseen(title, metadata, now)]
    findings = [*_stalled(title, conditions), *_not_ready(title, conditions), *_unhealthy(title, conditions)]
    return findings + _silent(title, status, now)


def _unseen(title: str, metadata: Mapping[str, Any], now: datetime) -> Diagnosis:
    age = now - (_instant(metadata.get("creationTimestamp")) or now)
    message = f"no operator has read generation {metadata.get('generation')} ({age.total_seconds():.0f} s old)"
    remedy = "is the operator running, and does it watch this namespace? kubectl scrape logs"
    return Diagnosis(title, Level.ERROR if age > CLOCK_TOLERANCE else Level.WARNING, message, remedy)


def _stalled(title: str, conditions: Mapping[str, Mapping[str, Any]]) -> list[Diagnosis]:
    stalled = conditions.get("Stalled")
    if not stalled or stalled.get("status") != "True":
        return []
    message = f"{stalled.get('reason')}: {stalled.get('message')}"
    return [Diagnosis(title, Level.ERROR, message, "correct the spec: docs/troubleshooting.md")]


def _not_ready(title: str, conditions: Mapping[str, Mapping[str, Any]]) -> list[Diagnosis]:
    ready = conditions.get("Ready") or {}
    if ready.get("status") != "False" or (conditions.get("Stalled") or {}).get("status") == "True":
        return []
    remedy = f"docs/troubleshooting.md, section {ready.get('reason')}"
    return [Diagnosis(title, Level.ERROR, f"{ready.get('reason')}: {ready.get('message')}", remedy)]


def _unhealthy(title: str, conditions: Mapping[str, Mapping[str, Any]]) -> list[Diagnosis]:
    data = conditions.get("DataHealthy") or {}
    if data.get("status") != "False":
        return []
    remedy = "try the selectors: kubectl scrape test " + title.removeprefix("schedule ")
    return [Diagnosis(title, Level.WARNING, f"{data.get('reason')}: {data.get('message')}", remedy)]


def _silent(title: str, status: Mapping[str, Any], now: datetime) -> list[Diagnosis]:
    """Return a finding where a due time has passed long ago, and nothing was written since."""
    due, written = _instant(status.get("nextScheduleTime")), _instant(status.get("statusTime"))
    if due is None or written is None or now - max(due, written) < SILENCE:
        return []
    message = f"was due at {status['nextScheduleTime']}, and its status is of {status['statusTime']}"
    return [Diagnosis(title, Level.ERROR, message, "is the operator running? kubectl scrape logs")]


def _instant(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    except ValueError:
        return None


async def _database(settings: Settings) -> Sequence[Diagnosis]:
    if settings.database_url is None and not settings.sqlite_path.exists():
        remedy = "set DATABASE_URL to read runs and items directly"
        return [Diagnosis("database", Level.OK, "not reachable from here: runs and items come from the pod", remedy)]
    async with open_history(settings) as reader:
        page = await reader.runs(RunQuery(), limit=1)
    if not page.rows:
        return [Diagnosis("database", Level.WARNING, "it answers, and holds no run", "has a schedule run yet?")]
    return [Diagnosis("database", Level.OK, f"it answers; the newest run is of {page.rows[0].scheduled_for:%F %TZ}")]
