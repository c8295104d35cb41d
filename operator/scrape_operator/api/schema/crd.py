"""The CustomResourceDefinitions of the kinds. `generate` writes them to files, the CLI prints them."""

from typing import Any

import yaml

from scrape_operator.api.kinds.registry import KINDS, Kind
from scrape_operator.api.paths import model_in
from scrape_operator.api.schema.structural import structural

CATEGORY = "scraping"


def crds() -> list[dict[str, Any]]:
    """Return the CustomResourceDefinition of every supported kind."""
    return [crd_of(kind) for kind in KINDS]


def crd_yaml() -> str:
    """Return every CustomResourceDefinition, as documents of one YAML stream."""
    return "---\n".join(map(to_yaml, crds()))


def to_yaml(document: dict[str, Any]) -> str:
    """Return a document as YAML; the same document always gives the same text."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)


def crd_of(kind: Kind) -> dict[str, Any]:
    """Return the CustomResourceDefinition of a kind."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": kind.crd_name},
        "spec": {
            "group": kind.group,
            "scope": str(kind.scope),
            "names": {
                "kind": kind.kind,
                "listKind": f"{kind.kind}List",
                "plural": kind.plural,
                "singular": kind.singular,
                # An empty list would differ from what the API server stores.
                **({"shortNames": list(kind.short_names)} if kind.short_names else {}),
                "categories": [CATEGORY],
            },
            "versions": [_version(kind)],
        },
    }


def _version(kind: Kind) -> dict[str, Any]:
    version: dict[str, Any] = {"name": kind.version, "served": True, "storage": True}
    if kind.status_model is not None:
        version["subresources"] = {"status": {}}
    if kind.selectable_fields:
        version["selectableFields"] = [{"jsonPath": f".{field}"} for field in kind.selectable_fields]
    version["additionalPrinterColumns"] = [
        {"name": column.name, "type": column.type, "jsonPath": column.path}
        | ({"priority": 1} if column.is_wide else {})
        for column in kind.columns
    ]
    version["schema"] = {"openAPIV3Schema": _schema(kind)}
    return version


def _schema(kind: Kind) -> dict[str, Any]:
    spec = model_in(kind.model.model_fields["spec"].annotation)
    if spec is None:
        raise TypeError(f"{kind.kind}: spec must be a model")
    properties: dict[str, Any] = {
        "apiVersion": {"type": "string", "description": "The version of this schema."},
        "kind": {"type": "string", "description": "The kind of this object."},
        "metadata": {"type": "object"},
        "spec": structural(spec),
    }
    if kind.status_model is not None:
        # So that a fresh object is InProgress for kstatus until the operator has seen it.
        properties["status"] = structural(kind.status_model, is_input=False) | {"default": {"observedGeneration": -1}}
    return {
        "type": "object",
        "description": " ".join((kind.model.__doc__ or "").split()),
        "required": ["spec"],
        "properties": properties,
    }


class _Dumper(yaml.SafeDumper):
    """Writes no anchors: a CRD that repeats a part is easier to read than one that refers back to it."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
