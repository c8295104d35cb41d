"""What the API server takes and only the controller can refuse: told on the object, to nobody's harm."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from scrape_operator.core.runs.run import clip
from scrape_operator.planning.schedule import validate
from tests.api.building import FIELD, changed
from tests.api.objects import WRONG
from tests.dev.site.site import DemoSite
from tests.e2e.process import Operator, schedule, until
from tests.e2e.slots import slot_faults

pytestmark = pytest.mark.cluster

BROKEN_SELECTORS: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "css": ({f"{FIELD}.css": "a[href"}, "spec.targets[0].extract.fields[0].css"),
    "xpath": ({FIELD: {"name": "text", "xpath": "//a["}}, "spec.targets[0].extract.fields[0].xpath"),
    "jmespath": ({FIELD: {"name": "text", "jmespath": "a["}}, "spec.targets[0].extract.fields[0].jmespath"),
    "regex": ({f"{FIELD}.regex": "(?=a)"}, "spec.targets[0].extract.fields[0].regex"),
}


def refused() -> Sequence[tuple[dict[str, Any], Sequence[str]]]:
    """Return objects that the API server accepts, each with the fields that the controller must name."""
    wrong = [(case.object(), [case.path]) for case in WRONG if case.controller_only]
    broken = [(changed(changes), [path]) for changes, path in BROKEN_SELECTORS.values()]
    objects = [*wrong, *broken]
    for number, (obj, _paths) in enumerate(objects):
        obj["metadata"] = {"name": f"refused-{number}"}
    return objects


def having(operator: Operator, type_: str) -> dict[str, dict[str, Any]]:
    """Return the condition of each schedule for which it is True. `kubectl wait` takes seconds for so many."""
    items = json.loads(operator.kubectl("get", "scs", "-o", "json"))["items"]
    return {
        item["metadata"]["name"]: condition
        for item in items
        for condition in item["status"].get("conditions", ())
        if condition["type"] == type_ and condition["status"] == "True"
    }


def test_wrong_objects_say_what_is_wrong_disturb_nobody_and_run_once_mended(operator: Operator, site: DemoSite) -> None:
    objects = refused()
    names = {obj["metadata"]["name"] for obj, _paths in objects}
    operator.apply(schedule("bystander", f"{site.url}/api/prices", interval="1s"))
    until("its first run", lambda: operator.ended("bystander"))
    operator.apply(*(obj for obj, _paths in objects))
    until("the verdict on each", lambda: having(operator, "Stalled").keys() >= names, within=30)
    seen = len(operator.runs("bystander"))
    shown = having(operator, "Stalled")
    assert shown.keys() == names
    for obj, paths in objects:
        condition, findings = shown[obj["metadata"]["name"]], validate(obj)
        assert condition["reason"] == "InvalidSpec"
        assert [finding.path for finding in findings] == paths
        assert condition["message"] == clip("; ".join(map(str, findings)))
    until("the other one goes on", lambda: len(operator.ended("bystander")) > seen + 1)
    assert operator.rows("SELECT * FROM scrape_runs WHERE name LIKE 'refused-%'") == []
    mended = set(sorted(names)[::5])
    operator.apply(*(schedule(name, f"{site.url}/api/prices?of={name}", interval="720h") for name in mended))
    until("a good run of each", lambda: having(operator, "Ready").keys() >= mended, within=30)
    assert having(operator, "Stalled").keys() == names - mended
    runs = operator.rows("SELECT * FROM scrape_runs WHERE name LIKE 'refused-%' AND slot LIKE 'generation:%'")
    assert {(run["name"], run["slot"], run["status"]) for run in runs} == {
        (name, "generation:2", "SUCCEEDED") for name in mended
    }
    assert slot_faults(operator.runs("bystander"), timedelta(seconds=1)) == []
