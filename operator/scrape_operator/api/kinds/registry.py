"""The table of the kinds. CRDs, lint, RBAC in the chart, watches and lists are derived from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from scrape_operator.api.kinds.base import ApiModel
from scrape_operator.api.kinds.meta import GROUP, VERSION
from scrape_operator.api.kinds.policy import ClusterScrapePolicy, ScrapePolicy
from scrape_operator.api.kinds.schedule import ScrapeSchedule
from scrape_operator.api.kinds.status import ScrapeScheduleStatus


class Role(StrEnum):
    """The ClusterRole of Kubernetes whose holders may write objects of a kind."""

    EDIT = "edit"
    ADMIN = "admin"


class Scope(StrEnum):
    """Whether objects of a kind are in a namespace."""

    NAMESPACED = "Namespaced"
    CLUSTER = "Cluster"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of `kubectl get`; a wide one is shown with `-o wide`."""

    name: str
    type: str
    path: str
    is_wide: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object.

    Attributes:
        model: The whole object, with apiVersion, kind, metadata and spec.
        status_model: The status that the operator writes, or None if the kind has no status.
        writers: The role whose holders may write objects in their namespaces, or None: only cluster administrators.
        selectable_fields: The paths that `kubectl get --field-selector` accepts, without the leading dot.

    """

    kind: str
    plural: str
    singular: str
    scope: Scope
    model: type[ApiModel]
    status_model: type[ApiModel] | None = None
    writers: Role | None = None
    short_names: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    selectable_fields: tuple[str, ...] = ()
    group: str = GROUP
    version: str = VERSION

    @property
    def api_version(self) -> str:
        """Return the value of `apiVersion` in objects of the kind."""
        return f"{self.group}/{self.version}"

    @property
    def crd_name(self) -> str:
        """Return the name of the CustomResourceDefinition."""
        return f"{self.plural}.{self.group}"

    def path(self, namespace: str | None = None, name: str | None = None) -> str:
        """Return the API server's path of a list, or of one object. Without a namespace: of all namespaces."""
        place = f"/namespaces/{namespace}" if namespace else ""
        return f"/apis/{self.api_version}{place}/{self.plural}" + (f"/{name}" if name else "")


_READY = '.status.conditions[?(@.type=="Ready")]'

_AGE = Column("Age", "date", ".metadata.creationTimestamp")

SCRAPE_SCHEDULE = Kind(
    kind="ScrapeSchedule",
    plural="scrapeschedules",
    singular="scrapeschedule",
    scope=Scope.NAMESPACED,
    model=ScrapeSchedule,
    status_model=ScrapeScheduleStatus,
    writers=Role.EDIT,
    short_names=("scs",),
    columns=(
        Column("Ready", "string", f"{_READY}.status"),
        Column("Schedule", "string", ".status.schedule"),
        Column("Last", "date", ".status.lastScheduleTime"),
        Column("Next", "string", ".status.next"),
        Column("Items", "integer", ".status.items.total"),
        Column("Targets", "string", ".status.targets.summary"),
        Column("Reason", "string", ".status.reason"),
        _AGE,
        Column("Message", "string", f"{_READY}.message", is_wide=True),
        Column("Failures", "integer", ".status.counters.consecutiveFailures", is_wide=True),
        Column("Owner", "string", ".status.owner", is_wide=True),
    ),
    selectable_fields=("spec.suspend", "spec.policyRef.name"),
)

SCRAPE_POLICY = Kind(
    kind="ScrapePolicy",
    plural="scrapepolicies",
    singular="scrapepolicy",
    scope=Scope.NAMESPACED,
    model=ScrapePolicy,
    writers=Role.ADMIN,
    columns=(Column("Robots", "string", ".spec.robots"), _AGE),
)

CLUSTER_SCRAPE_POLICY = Kind(
    kind="ClusterScrapePolicy",
    plural="clusterscrapepolicies",
    singular="clusterscrapepolicy",
    scope=Scope.CLUSTER,
    model=ClusterScrapePolicy,
    columns=(Column("Robots", "string", ".spec.robots"), _AGE),
)

KINDS: tuple[Kind, ...] = (SCRAPE_SCHEDULE, SCRAPE_POLICY, CLUSTER_SCRAPE_POLICY)
"""Every kind of the group."""


def kind_of(obj: Mapping[str, Any]) -> Kind | None:
    """Return the kind of an object by its apiVersion and kind, or None if it is not in the table."""
    identity = (obj.get("apiVersion"), obj.get("kind"))
    return next((kind for kind in KINDS if (kind.api_version, kind.kind) == identity), None)
