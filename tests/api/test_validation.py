"""parse against the table of objects, and against anything at all."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.api.validation import MAX_FINDINGS, parse
from tests.api.building import HTTP, URLS_WITH_A_PASSWORD, Right, Wrong, changed, smallest
from tests.api.objects import RIGHT, WRONG

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


def _places(value: object, path: str = "") -> list[str]:
    """List the dotted path of everything in an object."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    below = [place for step, entry in inner for place in _places(entry, f"{path}.{step}" if path else str(step))]
    return [path, *below] if path else below


RICH = [right.object() for right in RIGHT if len(str(right.changes)) < 2000]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.id)
def test_a_wrong_object_is_refused_naming_the_field(wrong: Wrong):
    _schedule, findings = parse(wrong.object())
    assert [finding.path for finding in findings] == [wrong.path]
    assert findings[0].message


@pytest.mark.parametrize("right", RIGHT, ids=lambda right: right.id)
def test_a_right_object_is_accepted(right: Right):
    schedule, findings = parse(right.object())
    assert not findings
    assert schedule is not None


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        pytest.param({"intervall": "5m"}, "spec.intervall: is not a known field: did you mean interval?", id="typo"),
        pytest.param({"time_zone": "x"}, "spec.time_zone: is not a known field: did you mean timeZone?", id="snake"),
        pytest.param(
            {"targets.0.http.header": []},
            "spec.targets[0].http.header: is not a known field: did you mean headers?",
            id="deep",
        ),
        pytest.param(
            {"failurePolicy": {"zzz": 1}},
            "spec.failurePolicy.zzz: is not a known field: known are minSucceededTargets",
            id="nothing like it",
        ),
        pytest.param({"suspend": "true"}, "spec.suspend: must be true or false, without quotes", id="type"),
        pytest.param(
            {"interval": "1m", "timeout": "2m"},
            "spec.timeout: must not be longer than interval: lower it, or raise the interval",
            id="rule",
        ),
        pytest.param(
            {"targets.0.http.headers": [{"name": "Host", "value": "admin.example"}]},
            "spec.targets[0].http.headers[0].name: must not be set: the header names the host of the URL, "
            "write the wanted host into the URL",
            id="host",
        ),
    ],
)
def test_a_finding_says_the_remedy(changes: dict[str, object], finding: str):
    assert [str(found) for found in parse(changed(changes))[1]] == [finding]


def test_all_faults_are_found_at_once():
    _schedule, findings = parse(changed({"suspend": 1, "spread": "x", "targets.0.http.timeout": "1"}))
    assert [finding.path for finding in findings] == ["spec.spread", "spec.suspend", "spec.targets[0].http.timeout"]


def test_status_and_foreign_metadata_are_not_looked_at():
    obj = smallest() | {"status": {"anything": [1]}}
    obj["metadata"] |= {
        "managedFields": [{"manager": "kubectl"}],
        "uid": "1",
        "generation": 3,
        "annotations": {"a": "b"},
    }
    schedule, findings = parse(obj)
    assert not findings
    assert schedule is not None
    assert (schedule.metadata.uid, schedule.metadata.generation) == ("1", 3)


@pytest.mark.parametrize("missing", ["apiVersion", "kind", "metadata"])
def test_an_object_must_say_what_it_is(missing: str):
    obj = smallest()
    del obj[missing]
    assert [finding.path for finding in parse(obj)[1]] == [missing]


def test_an_object_needs_a_name_or_one_that_is_generated():
    obj = smallest()
    obj["metadata"] = {}
    assert [finding.path for finding in parse(obj)[1]] == ["metadata.name"]
    obj["metadata"] = {"generateName": "quotes-"}
    assert not parse(obj)[1]


def test_a_value_that_is_too_long_is_not_repeated():
    _schedule, findings = parse(changed({"interval": "9" * 100_000, "x" * 100_000: 1, "targets.0.name": "a" * 100_000}))
    assert len(findings) == 3
    assert max(len(str(finding)) for finding in findings) < 1000


@pytest.mark.parametrize("url", URLS_WITH_A_PASSWORD)
def test_a_password_in_a_url_is_not_repeated(url: str):
    findings = parse(changed({f"{HTTP}.url": url}))[1]
    assert findings
    assert "hunter2" not in "".join(map(str, findings))


def test_findings_are_bounded():
    assert len(parse(changed({f"unknown{number}": 1 for number in range(1000)}))[1]) == MAX_FINDINGS


def test_deep_nesting_is_harmless():
    deep: list[object] = []
    for _ in range(50_000):
        deep = [deep]
    obj = smallest()
    obj["spec"]["targets"][0]["extract"]["fields"][0] = {"name": "a", "const": deep}
    assert [finding.path for finding in parse(obj)[1]] == ["spec.targets[0].extract.fields[0].const"]
    obj["spec"]["targets"] = deep
    assert parse(obj)[1]


@given(JSON)
def test_parse_never_raises_on_anything(value: object):
    schedule, findings = parse(value)
    assert schedule is None
    assert findings


@given(st.data())
def test_parse_never_raises_on_a_right_object_with_a_wrong_part(data: st.DataObject):
    obj = json.loads(json.dumps(data.draw(st.sampled_from(RICH))))
    *steps, last = data.draw(st.sampled_from(_places(obj))).split(".")
    holder = obj
    for step in steps:
        holder = holder[int(step)] if isinstance(holder, list) else holder[step]
    holder[int(last) if isinstance(holder, list) else last] = data.draw(JSON)
    parse(obj)
