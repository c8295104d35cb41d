"""OpenAPI v2 and v3, generated from the models: for `kubectl explain` and for clients that check fields."""

import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any

import orjson

from scrape_operator import __version__
from scrape_operator.api.schema.structural import structural
from scrape_operator.results.authorization import GROUP, VERSION
from scrape_operator.results.discovery import VERSION_PATH
from scrape_operator.results.resources import RESOURCES, Resource

Document = dict[str, Any]

V3_PATH = f"/openapi/v3{VERSION_PATH}"

_PREFIX = "dev.scrape-operator.results.v1alpha1"
_TYPES = {"type": "object"}
_TEXT = {"type": "string"}

_QUERY: Mapping[str, tuple[str, str]] = {
    "allowWatchBookmarks": ("boolean", "Whether a watch may send bookmarks."),
    "continue": ("string", "Token of the page before."),
    "fieldSelector": ("string", "Selects by fields, such as spec.schedule=quotes."),
    "labelSelector": ("string", "Selects by labels, such as status=Failed."),
    "limit": ("integer", "Objects in a page, 500 at most."),
    "resourceVersion": ("string", "Where a watch begins."),
    "resourceVersionMatch": ("string", "How resourceVersion is meant."),
    "sendInitialEvents": ("boolean", "Whether a watch begins with what is there."),
    "sinceTime": ("string", "Lists only runs that were due since, or items that changed since (RFC 3339)."),
    "timeoutSeconds": ("integer", "How long a watch or list may last."),
    "untilTime": ("string", "Lists only runs that were due before, or items whose last change was before (RFC 3339)."),
    "watch": ("boolean", "Whether changes are sent as they happen."),
}


@cache
def v2() -> tuple[bytes, str]:
    """Return the document of version 2, and its digest."""
    return _with_digest(
        {
            "swagger": "2.0",
            "info": _info(),
            "paths": _paths(is_v3=False),
            "definitions": {key: value for resource in RESOURCES.values() for key, value in _schemas(resource, "v2")},
        }
    )


@cache
def v3() -> tuple[bytes, str]:
    """Return the document of version 3, and its digest."""
    schemas = {key: value for resource in RESOURCES.values() for key, value in _schemas(resource, "v3")}
    document = {"openapi": "3.0.0", "info": _info(), "paths": _paths(is_v3=True)}
    return _with_digest({**document, "components": {"schemas": schemas}})


def v3_index() -> Document:
    """Return the list of documents of version 3. The digest in the address lets clients keep what they have."""
    url = f"{V3_PATH}?hash={v3()[1]}"
    return {"paths": {VERSION_PATH.lstrip("/"): {"serverRelativeURL": url}}}


def _with_digest(document: Document) -> tuple[bytes, str]:
    content = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    return content, hashlib.sha256(content).hexdigest().upper()


def _info() -> Document:
    return {"title": "scrape-operator results", "version": __version__}


def _schemas(resource: Resource, version: str) -> list[tuple[str, Document]]:
    place = "#/definitions/" if version == "v2" else "#/components/schemas/"
    schema = structural(resource.model, is_input=False)
    schema["properties"] = {
        "apiVersion": {**_TEXT, "description": f"{GROUP}/{VERSION}."},
        "kind": {**_TEXT, "description": f"{resource.kind}."},
        "metadata": {**_TYPES, "description": "Name, namespace, labels and time of creation."},
        **schema["properties"],
    }
    items = {"type": "array", "items": {"$ref": f"{place}{_PREFIX}.{resource.kind}"}}
    members = {"apiVersion": _TEXT, "kind": _TEXT, "metadata": _TYPES, "items": items}
    listed = {"type": "object", "description": f"A page of {resource.plural}.", "properties": members}
    return [
        (f"{_PREFIX}.{resource.kind}", schema | _kind(resource.kind)),
        (f"{_PREFIX}.{resource.kind}List", listed | {"required": ["items"]} | _kind(f"{resource.kind}List")),
    ]


def _kind(kind: str) -> Document:
    return {"x-kubernetes-group-version-kind": [{"group": GROUP, "version": VERSION, "kind": kind}]}


def _paths(*, is_v3: bool) -> Document:
    paths: Document = {}
    for resource in RESOURCES.values():
        of_namespace = f"{VERSION_PATH}/namespaces/{{namespace}}/{resource.plural}"
        paths[f"{VERSION_PATH}/{resource.plural}"] = _listing(resource, "ForAllNamespaces", is_v3=is_v3)
        paths[of_namespace] = _listing(resource, "", is_v3=is_v3) | {"parameters": [_path("namespace", is_v3=is_v3)]}
        one = _operation(resource, "get", f"readNamespaced{resource.kind}", resource.kind, is_v3=is_v3)
        names = [_path(name, is_v3=is_v3) for name in ("namespace", "name")]
        paths[f"{of_namespace}/{{name}}"] = {"get": one, "parameters": names}
    return paths


def _listing(resource: Resource, suffix: str, *, is_v3: bool) -> Document:
    operation = f"list{'' if suffix else 'Namespaced'}{resource.kind}{suffix}"
    found = _operation(resource, "list", operation, f"{resource.kind}List", is_v3=is_v3)
    parameters = [_parameter(name, "query", type_, text, is_v3=is_v3) for name, (type_, text) in _QUERY.items()]
    return {"get": found | {"parameters": parameters}}


def _operation(resource: Resource, action: str, operation: str, kind: str, *, is_v3: bool) -> Document:
    place = "#/components/schemas/" if is_v3 else "#/definitions/"
    schema = {"$ref": f"{place}{_PREFIX}.{kind}"}
    answer = {"content": {"application/json": {"schema": schema}}} if is_v3 else {"schema": schema}
    return {
        "description": f"{action} {resource.plural}",
        "operationId": f"{operation}V1alpha1Results",
        "responses": {"200": {"description": "OK", **answer}},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": {"group": GROUP, "version": VERSION, "kind": resource.kind},
        **({} if is_v3 else {"produces": ["application/json"]}),
    }


def _path(name: str, *, is_v3: bool) -> Document:
    return _parameter(name, "path", "string", f"Its {name}.", is_v3=is_v3) | {"required": True}


def _parameter(name: str, place: str, type_: str, description: str, *, is_v3: bool) -> Document:
    typed: Document = (
        {"schema": {"type": type_, "uniqueItems": True}} if is_v3 else {"type": type_, "uniqueItems": True}
    )
    return {"name": name, "in": place, "description": description, **typed}
