"""The CustomResourceDefinitions, made from the models. `generate` writes them down; the CLI may print them."""

from typing import Any

import yaml

from scrape_operator.api.kinds.meta import GROUP, VERSION
from scrape_operator.api.kinds.schedule import ScrapeSchedule, ScrapeScheduleSpec
from scrape_operator.api.kinds.status import ScrapeScheduleStatus
from scrape_operator.api.schema.structural import structural


def crds() -> list[dict[str, Any]]:
    """Give every CustomResourceDefinition of the product."""
    return [schedule_crd()]


def crd_yaml() -> str:
    """Write every CustomResourceDefinition, as documents of one YAML stream."""
    return "---\n".join(map(to_yaml, crds()))


def to_yaml(document: dict[str, Any]) -> str:
    """Write a document so that the same one always gives the same text."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)


def schedule_crd() -> dict[str, Any]:
    """Give the CustomResourceDefinition of ScrapeSchedule."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"scrapeschedules.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": "ScrapeSchedule",
                "listKind": "ScrapeScheduleList",
                "plural": "scrapeschedules",
                "singular": "scrapeschedule",
                "shortNames": ["scs"],
                "categories": ["scraping"],
            },
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "selectableFields": [{"jsonPath": ".spec.suspend"}, {"jsonPath": ".spec.policyRef.name"}],
                    "additionalPrinterColumns": _columns(),
                    "schema": {"openAPIV3Schema": _schema()},
                }
            ],
        },
    }


def _schema() -> dict[str, Any]:
    status = structural(ScrapeScheduleStatus)
    # So that a fresh object reads as InProgress to kstatus until the operator has seen it.
    status["default"] = {"observedGeneration": -1}
    return {
        "type": "object",
        "description": ScrapeSchedule.__doc__,
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string", "description": "The version of this schema."},
            "kind": {"type": "string", "description": "The kind of this object."},
            "metadata": {"type": "object"},
            "spec": structural(ScrapeScheduleSpec),
            "status": status,
        },
    }


def _columns() -> list[dict[str, Any]]:
    ready = '.status.conditions[?(@.type=="Ready")]'
    narrow = [
        ("Ready", "string", f"{ready}.status"),
        ("Schedule", "string", ".status.schedule"),
        ("Last", "date", ".status.lastScheduleTime"),
        ("Next", "string", ".status.nextScheduleTime"),
        ("Items", "integer", ".status.items.total"),
        ("Targets", "string", ".status.targets.summary"),
        ("Suspend", "boolean", ".spec.suspend"),
        ("Age", "date", ".metadata.creationTimestamp"),
    ]
    wide = [
        ("Reason", "string", f"{ready}.reason"),
        ("Failures", "integer", ".status.counters.consecutiveFailures"),
        ("Owner", "string", ".status.owner"),
        ("Message", "string", f"{ready}.message"),
    ]
    return [
        {"name": name, "type": kind, "jsonPath": path, **({"priority": 1} if column in wide else {})}
        for column in (*narrow, *wide)
        for name, kind, path in [column]
    ]


class _Dumper(yaml.SafeDumper):
    """Without anchors: a CRD that says a thing twice is easier to read than one that points back."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
