"""What the CRD promises to tools and people."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from scrape_operator.api.schema.crd import crds
from scrape_operator.api.schema.structural import structural

VERSION: dict[str, Any] = crds()[0]["spec"]["versions"][0]
SCHEMA: dict[str, Any] = VERSION["schema"]["openAPIV3Schema"]
SPEC: dict[str, Any] = SCHEMA["properties"]["spec"]["properties"]
TARGET: dict[str, Any] = SPEC["targets"]["items"]["properties"]


def _leaves(schema: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, schema
    for name, member in schema.get("properties", {}).items():
        yield from _leaves(member, f"{path}.{name}")
    if "items" in schema:
        yield from _leaves(schema["items"], f"{path}[]")


PLACES = dict(_leaves(SCHEMA["properties"]["spec"], "spec")) | dict(_leaves(SCHEMA["properties"]["status"], "status"))


@pytest.mark.parametrize(
    ("path", "default"),
    [
        ("spec.timeZone", "Etc/UTC"),
        ("spec.spread", "Stable"),
        ("spec.suspend", False),
        ("spec.startingDeadlineSeconds", 60),
        ("spec.missedRunPolicy", "RunOnce"),
        ("spec.concurrencyPolicy", "Forbid"),
        ("spec.suspendAfterFailures", 0),
        ("spec.failurePolicy", {"minSucceededTargets": 1}),
        ("spec.failurePolicy.minSucceededTargets", 1),
        ("spec.successfulRunsHistoryLimit", 100),
        ("spec.failedRunsHistoryLimit", 100),
        ("spec.historyMaxAge", "720h"),
        ("spec.keepBodies", "Never"),
        ("spec.dataPolicy", "Retain"),
        ("status", {"observedGeneration": -1}),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value else None,
)
def test_defaults_stand_in_the_schema(path: str, default: object):
    assert PLACES[path]["default"] == default


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("spec.windows[].days", "Default: Mon, Tue, Wed, Thu, Fri, Sat, Sun."),
        ("spec.targets[].http.method", "Default: GET."),
        ("spec.targets[].http.timeout", "Default: 30s. Allowed: 100ms to 10m"),
        ("spec.targets[].http.maxRedirects", "Default: 5. Allowed: 0 to 20."),
        ("spec.targets[].http.maxBodyBytes", "Default: 10Mi. Allowed: 1Ki to 1Gi bytes"),
        ("spec.targets[].http.successStatus", "Default: 2xx."),
        ("spec.targets[].retry.attempts", "Default: 3. Allowed: 1 to 10."),
        ("spec.targets[].retry.maxDelay", "Default: 30s."),
        ("spec.targets[].retry.methods", "Default: GET, HEAD."),
        ("spec.targets[].paginate.maxPages", "Default: 10."),
        ("spec.targets[].extract.format", "Default: Auto."),
        ("spec.targets[].extract.fields[].many", "Default: false."),
        ("spec.targets[].follow.maxItems", "Default: 100."),
        ("spec.targets[].expect.onBreach", "Default: Warn. Allowed: Warn, Fail."),
        ("spec.startingDeadlineSeconds", "Default: 60. Allowed: 1 to 604800."),
        ("spec.interval", "Allowed: 1s to 720h"),
    ],
)
def test_descriptions_say_defaults_and_allowed_values(path: str, sentence: str):
    assert sentence in PLACES[path]["description"]


def test_no_default_stands_inside_a_list():
    """The API server would write it, and kubectl and Argo CD compare lists as a whole."""
    assert [path for path, schema in PLACES.items() if "[]" in path and "default" in schema] == []


@pytest.mark.parametrize(
    "path",
    [
        "spec.interval",
        "spec.schedules",
        "spec.timeout",
        "spec.policyRef",
        "spec.windows",
        "spec.targets[].http.conditional",
        "spec.targets[].http.headers",
        "spec.targets[].expect",
        "spec.targets[].expect.minItems",
        "spec.targets[].extract.key",
        "spec.targets[].extract.fields[].default",
    ],
)
def test_what_has_no_default_shows_none(path: str):
    assert "default" not in PLACES[path]


@pytest.mark.parametrize("path", [path for path in PLACES if path.startswith("spec")])
def test_every_text_list_and_number_of_spec_is_bounded(path: str):
    schema = PLACES[path]
    kind = schema.get("type")
    if kind == "string":
        assert "enum" in schema or "maxLength" in schema
    elif kind == "integer":
        assert "maximum" in schema
    elif kind == "array":
        assert "maxItems" in schema
        assert schema["x-kubernetes-list-type"] in {"atomic", "map", "set"}
    elif schema.get("x-kubernetes-int-or-string"):
        assert "maxLength" in schema


@pytest.mark.parametrize("path", [path for path in PLACES if not path.endswith("[]")])
def test_every_field_is_explained(path: str):
    assert len(PLACES[path]["description"]) > 10


def _is_value(path: str) -> bool:
    """Whether users write a text or a number there; the name in a reference explains itself."""
    holder = PLACES.get(path.rpartition(".")[0], {})
    is_scalar = "properties" not in PLACES[path] and PLACES[path].get("type") not in {"array", "object", "boolean"}
    return path.startswith("spec.") and is_scalar and "x-kubernetes-map-type" not in holder


@pytest.mark.parametrize("path", [path for path in PLACES if _is_value(path) and not path.endswith("[]")])
def test_every_value_of_spec_is_explained_by_an_example_or_by_what_is_allowed(path: str):
    assert any(word in PLACES[path]["description"] for word in ("such as", "Default:", "Allowed:"))


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("spec.targets", "name"),
        ("spec.targets[].extract.fields", "name"),
        ("spec.targets[].follow.fields", "name"),
        ("spec.notify", "name"),
        ("status.conditions", "type"),
    ],
)
def test_lists_of_named_things_merge_by_their_name(path: str, key: str):
    assert PLACES[path]["x-kubernetes-list-map-keys"] == [key]


def test_names_columns_and_selectable_fields_are_the_contracts():
    names = crds()[0]["spec"]["names"]
    assert (names["plural"], names["shortNames"], names["categories"]) == ("scrapeschedules", ["scs"], ["scraping"])
    columns = VERSION["additionalPrinterColumns"]
    narrow = [column["name"].upper() for column in columns if not column.get("priority")]
    wide = [column["name"].upper() for column in columns if column.get("priority")]
    assert narrow == ["READY", "SCHEDULE", "LAST", "NEXT", "ITEMS", "TARGETS", "REASON", "AGE"]
    assert wide == ["MESSAGE", "FAILURES", "OWNER"]
    assert [field["jsonPath"] for field in VERSION["selectableFields"]] == [".spec.suspend", ".spec.policyRef.name"]


def test_a_condition_has_all_six_fields_and_history_is_lines():
    assert set(PLACES["status.conditions[]"]["properties"]) == {
        "type", "status", "observedGeneration", "lastTransitionTime", "reason", "message",
    }  # fmt: skip
    assert PLACES["status.history"]["items"]["type"] == "string"


class Union(BaseModel):
    value: int | str


class Tree(BaseModel):
    branch: "Tree | None" = None


class Untyped(BaseModel):
    value: object


@pytest.mark.parametrize("model", [Union, Tree, Untyped])
def test_what_a_structural_schema_cannot_say_is_an_error(model: type[BaseModel]):
    with pytest.raises(TypeError):
        structural(model)
