"""The resources of the results API: names, verbs, columns and fields. Documents, tables and routes follow from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scrape_operator.api.kinds.base import ApiModel
from scrape_operator.results.authorization import GROUP, VERSION
from scrape_operator.results.kinds import ScrapeItem, ScrapeRun

API_VERSION = f"{GROUP}/{VERSION}"
CATEGORY = "scraping"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; with `is_wide` it is shown by `-o wide` alone."""

    name: str
    type: str
    description: str
    is_wide: bool = False
    format: str = ""


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource. `labels` and `fields` map keys of selectors to the fields of `core.selection`."""

    plural: str
    singular: str
    kind: str
    short_name: str
    verbs: Sequence[str]
    model: type[ApiModel]
    columns: Sequence[Column]
    labels: Mapping[str, str]
    fields: Mapping[str, str]


_NAME = Column("Name", "string", "Name of the object.", format="name")
_SCHEDULE = Column("Schedule", "string", "Name of the ScrapeSchedule.")
_AGE = Column("Age", "string", "Time since the beginning.")

RUNS = Resource(
    plural="scraperuns",
    singular="scraperun",
    kind="ScrapeRun",
    short_name="srun",
    # Without `delete` the controllers of a cluster keep away: they would watch all rows of all namespaces.
    verbs=("get", "list", "watch"),
    model=ScrapeRun,
    columns=(
        _NAME,
        _SCHEDULE,
        Column("Status", "string", "Phase of the run."),
        Column("Reason", "string", "Why the run ended as it did."),
        Column("Items", "integer", "Items that the run read."),
        Column("Changed", "integer", "Items that are new, changed or gone."),
        Column("Duration", "string", "Time from the start to the end."),
        _AGE,
        Column("Message", "string", "What happened, as a sentence.", is_wide=True),
        Column("Targets", "string", "Targets that succeeded, of all targets.", is_wide=True),
        Column("Requests", "integer", "HTTP requests of the run.", is_wide=True),
        Column("Bytes", "integer", "Bytes of the answers.", is_wide=True),
    ),
    labels={"schedule": "schedule", "target": "target", "status": "status", "trigger": "trigger"},
    fields={
        "metadata.namespace": "namespace",
        "metadata.uid": "id",
        "spec.schedule": "schedule",
        "spec.trigger": "trigger",
        "status.phase": "status",
        "status.reason": "reason",
    },
)

ITEMS = Resource(
    plural="scrapeitems",
    singular="scrapeitem",
    kind="ScrapeItem",
    short_name="sitem",
    verbs=("get", "list"),
    model=ScrapeItem,
    columns=(
        _NAME,
        _SCHEDULE,
        Column("Target", "string", "Name of the target."),
        Column("Status", "string", "Present, or Gone."),
        Column("Changed", "string", "Time since the last change."),
        Column("Age", "string", "Time since the item was first seen."),
        Column("Key", "string", "What identifies the item.", is_wide=True),
        Column("Data", "string", "The beginning of the data, as JSON.", is_wide=True),
    ),
    labels={"schedule": "schedule", "target": "target", "status": "status"},
    fields={
        "metadata.namespace": "namespace",
        "spec.schedule": "schedule",
        "spec.target": "target",
        "status.phase": "status",
    },
)

RESOURCES: Mapping[str, Resource] = {resource.plural: resource for resource in (RUNS, ITEMS)}
