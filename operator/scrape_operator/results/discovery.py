"""Discovery: which resources there are and what can be done with them, in every form that clients ask for.

The API server describes the group itself, at `/apis/GROUP`.
"""

from collections.abc import Sequence
from typing import Any

from scrape_operator.results.authorization import GROUP, VERSION
from scrape_operator.results.resources import API_VERSION, CATEGORY, RESOURCES, Resource

Document = dict[str, Any]

VERSION_PATH = f"/apis/{API_VERSION}"

_VERSIONS = [{"groupVersion": API_VERSION, "version": VERSION}]
_GROUP: Document = {"name": GROUP, "versions": _VERSIONS, "preferredVersion": _VERSIONS[0]}


def resource_list() -> Document:
    """Return the APIResourceList. Without it the API is unavailable, and no namespace can be deleted."""
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": API_VERSION,
        "resources": [_resource(resource) for resource in RESOURCES.values()],
    }


def group_list() -> Document:
    """Return the APIGroupList: discovery as clients without the aggregated form ask for it."""
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_GROUP]}


def aggregated() -> Document:
    """Return the APIGroupDiscoveryList (apidiscovery.k8s.io/v2)."""
    resources = [_discovered(resource) for resource in RESOURCES.values()]
    version = {"version": VERSION, "freshness": "Current", "resources": resources}
    item = {"metadata": {"name": GROUP, "creationTimestamp": None}, "versions": [version]}
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": [item]}


def _resource(resource: Resource) -> Document:
    return {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": True,
        "kind": resource.kind,
        **_handling(resource.verbs, resource.short_name),
    }


def _discovered(resource: Resource) -> Document:
    return {
        "resource": resource.plural,
        "responseKind": {"group": GROUP, "version": VERSION, "kind": resource.kind},
        "scope": "Namespaced",
        "singularResource": resource.singular,
        **_handling(resource.verbs, resource.short_name),
    }


def _handling(verbs: Sequence[str], short_name: str) -> Document:
    return {"verbs": list(verbs), "shortNames": [short_name], "categories": [CATEGORY]}
