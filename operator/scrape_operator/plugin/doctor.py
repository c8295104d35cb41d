"""What is wrong, and what to do about it: the checks of `kubectl scrape doctor`.

Each check is a function that returns findings. One that cannot be made is a finding, too.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from scrape_operator.api.kinds.registry import SCRAPE_SCHEDULE
from scrape_operator.cluster.client import HTTP_NOT_FOUND, ClusterClient
from scrape_operator.core.errors import ClusterError, ScrapeOperatorError
from scrape_operator.core.reading import RunQuery
from scrape_operator.plugin.doctor_operator import check_operator
from scrape_operator.plugin.doctor_schedules import diagnose_schedule, last_runs
from scrape_operator.plugin.findings import CLOCK_TOLERANCE, INSTALLING, SILENCE, Diagnosis, Level, instant_of
from scrape_operator.plugin.names import suggest
from scrape_operator.settings import Settings
from scrape_operator.storage.engine.schema_version import HEAD
from scrape_operator.storage.errors import SchemaMismatch
from scrape_operator.storage.reading.history import open_history

VERBS = ("get", "list", "patch")
API_SERVER, DATABASE = "API server", "database"


@dataclass(slots=True)
class _Schedules:
    """The schedules that were read, for the checks after that."""

    objects: list[Mapping[str, Any]] = field(default_factory=list)

    def has_fresh_status(self, now: datetime) -> bool:
        """Return whether an operator has written one of the statuses not long ago."""
        times = (instant_of((obj.get("status") or {}).get("statusTime")) for obj in self.objects)
        return any(at is not None and now - at < SILENCE for at in times)


async def examine(client: ClusterClient, settings: Settings, namespace: str, name: str | None) -> Sequence[Diagnosis]:
    """Run every check, each on its own: one that fails does not end the others.

    Where the API server cannot be reached at all, only the database is checked besides: the other findings would be
    the same one again.
    """
    schedules = _Schedules()
    checks: Sequence[tuple[str, Callable[[], Awaitable[Sequence[Diagnosis]]]]] = (
        (API_SERVER, lambda: _api_server(client)),
        ("clock", lambda: _clock(client)),
        ("CRD", lambda: _crd(client)),
        ("rights", lambda: _rights(client, namespace)),
        ("schedules", lambda: _schedules(client, namespace, name, schedules)),
        ("operator", lambda: check_operator(client, has_fresh_status=schedules.has_fresh_status(datetime.now(UTC)))),
        (DATABASE, lambda: _database(settings)),
    )
    found: list[Diagnosis] = []
    is_away = False
    for title, check in checks:
        if is_away and title != DATABASE:
            continue
        try:
            found += await check()
        except ScrapeOperatorError as error:
            found.append(_failed(title, error))
            is_away = is_away or (title == API_SERVER and isinstance(error, ClusterError) and not error.status)
    return found


def _failed(title: str, error: ScrapeOperatorError) -> Diagnosis:
    if isinstance(error, SchemaMismatch):
        return Diagnosis(title, Level.ERROR, str(error), "run: scrape-operator migrate", INSTALLING)
    return Diagnosis(title, Level.ERROR, str(error), "correct this first: other checks depend on it", INSTALLING)


async def _clock(client: ClusterClient) -> Sequence[Diagnosis]:
    """Compare this machine's clock with the API server's, which schedules' times come from."""
    if client.clock_skew is None:
        return [Diagnosis("clock", Level.WARNING, "the API server did not say what time it is")]
    skew = abs(client.clock_skew)
    message = f"differs from the API server's by {skew.total_seconds():.0f} s"
    if skew <= CLOCK_TOLERANCE:
        return [Diagnosis("clock", Level.OK, message)]
    remedy = "set the clock of this machine or of the control plane by NTP: due times depend on it"
    return [Diagnosis("clock", Level.ERROR, message, remedy, "docs/scheduling.md")]


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
        return [Diagnosis("CRD", Level.ERROR, f"{SCRAPE_SCHEDULE.crd_name} is not installed", remedy, INSTALLING)]
    served = [each["name"] for each in crd["spec"]["versions"] if each.get("served")]
    if SCRAPE_SCHEDULE.version in served:
        return [Diagnosis("CRD", Level.OK, f"{SCRAPE_SCHEDULE.crd_name} serves {', '.join(served)}")]
    message = f"{SCRAPE_SCHEDULE.crd_name} serves {', '.join(served)} and not {SCRAPE_SCHEDULE.version}"
    return [Diagnosis("CRD", Level.ERROR, message, "apply the CRD of this version: scrape-operator crd", INSTALLING)]


async def _rights(client: ClusterClient, namespace: str) -> Sequence[Diagnosis]:
    missing = [verb for verb in VERBS if not await _may(client, namespace, verb)]
    if not missing:
        return [Diagnosis("rights", Level.OK, f"{', '.join(VERBS)} scrapeschedules in namespace {namespace}")]
    message = f"no right to {', '.join(missing)} scrapeschedules in namespace {namespace}"
    return [Diagnosis("rights", Level.ERROR, message, "ask for the ClusterRole `edit` in this namespace", INSTALLING)]


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


async def _schedules(client: ClusterClient, namespace: str, name: str | None, read: _Schedules) -> Sequence[Diagnosis]:
    now = datetime.now(UTC)
    findings: list[Diagnosis] = []
    async for obj in _objects(client, namespace, name):
        read.objects.append(obj)
        findings += diagnose_schedule(obj, now)
    count = len(read.objects)
    if not count:
        what = f"ScrapeSchedule {name}" if name else "ScrapeSchedule"
        hint = await suggest(client, namespace, name) if name else ""
        remedy = hint or "apply one, or name another namespace by -n"
        level = Level.ERROR if name else Level.WARNING
        return [Diagnosis("schedules", level, f"no {what} in namespace {namespace}", remedy, "docs/first-schedule.md")]
    facts = [last_runs(read.objects[0])] if name else []
    bad = [finding for finding in findings if finding.level is not Level.OK]
    fine = Diagnosis("schedules", Level.OK, f"{count} in namespace {namespace}, none with a problem")
    return [*facts, *(bad or [fine])]


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


async def _database(settings: Settings) -> Sequence[Diagnosis]:
    if settings.database_url is None and not settings.sqlite_path.exists():
        remedy = "set DATABASE_URL to read runs and items directly"
        return [Diagnosis("database", Level.OK, "not reachable from here: runs and items come from the pod", remedy)]
    async with open_history(settings) as reader:
        page = await reader.runs(RunQuery(), limit=1)
    if not page.rows:
        return [Diagnosis("database", Level.WARNING, f"schema {HEAD}; it holds no run", "has a schedule run yet?")]
    return [Diagnosis("database", Level.OK, f"schema {HEAD}; the newest run is of {page.rows[0].scheduled_for:%F %TZ}")]
