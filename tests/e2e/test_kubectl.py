"""The operator as a person with kubectl meets it: explain, apply again, diff, delete."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from scrape_operator.api.kinds.extract import Field
from tests.dev.site.site import DemoSite
from tests.e2e.process import Operator, schedule, until
from tests.e2e.slots import instant, slot_faults

pytestmark = pytest.mark.cluster


def test_explain_reads_like_a_manual(operator: Operator) -> None:
    operator.kubectl("get", "scs")  # explain alone would not ask anew which kinds there are
    page = operator.kubectl("explain", "scs.spec.targets.extract.fields")
    fields = re.split(r"^ {2}(?=\w+\t<)", page.partition("FIELDS:\n")[2], flags=re.MULTILINE)[1:]
    described = {field.split("\t")[0]: field.splitlines()[1:] for field in fields}
    assert described.keys() == {field.alias for field in Field.model_fields.values()}
    for name, lines in described.items():
        text = " ".join(line.strip() for line in lines if not line.strip().startswith("enum:")).strip()
        assert len(text.split()) > 4, name
        assert text.endswith("."), name


def test_applying_again_changes_nothing_and_diff_is_empty_after_a_hundred_runs(
    operator: Operator, site: DemoSite
) -> None:
    schedules = [schedule(f"often-{n}", f"{site.url}/api/prices?perPage=1&of={n}", interval="1s") for n in range(15)]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": schedules})
    operator.apply(*schedules)
    before = spec_by_name(operator)

    def good_runs() -> bool:
        runs = operator.rows("SELECT * FROM scrape_runs WHERE name LIKE 'often-%' AND status = 'SUCCEEDED'")
        return len(runs) >= 100

    until("a first run of each", lambda: all(operator.ended(obj["metadata"]["name"]) for obj in schedules))
    operator.apply(*schedules)
    until("a hundred runs", good_runs, within=60)
    assert operator.kubectl("diff", "-f", "-", input=text) == ""
    assert spec_by_name(operator) == before
    rows = operator.rows("SELECT * FROM scrape_runs WHERE name LIKE 'often-%'")
    assert [row["slot"] for row in rows if row["slot"].startswith("generation:")] == ["generation:1"] * 15
    assert slot_faults(rows, timedelta(seconds=1)) == []


def spec_by_name(operator: Operator) -> dict[str, tuple[int, object]]:
    items = json.loads(operator.kubectl("get", "scs", "-o", "json"))["items"]
    return {item["metadata"]["name"]: (item["metadata"]["generation"], item["spec"]) for item in items}


def test_deleting_a_schedule_stops_it_at_once_and_for_good(operator: Operator, site: DemoSite) -> None:
    logged = len(operator.log())
    hung = schedule("dropped-hung", f"{site.url}/hang", interval="720h")
    operator.apply(*(schedule(name, f"{site.url}/api/prices", interval="1s") for name in ("dropped", "kept")), hung)
    until("runs", lambda: operator.ended("dropped") and operator.ended("kept") and site.counts["/hang"])
    assert "finalizers" not in operator.get("dropped")["metadata"]
    operator.kubectl("delete", "scs", "dropped", "dropped-hung", "--timeout=5s")
    assert "dropped" not in operator.kubectl("get", "scs", "-o", "name")
    gone = datetime.now(UTC)
    canceled = until("the end of the run that was going on", lambda: operator.ended("dropped-hung"))
    assert [(run["status"], run["reason"]) for run in canceled] == [("CANCELED", "Canceled")]
    kept = operator.runs("kept")
    until("the other one goes on", lambda: len(operator.ended("kept")) >= len(kept) + 4)
    dropped = operator.runs("dropped")
    assert [run for run in dropped if instant(run["scheduled_for"]) > gone] == []
    assert slot_faults(dropped, timedelta(seconds=1)) == []
    assert '"level":"error"' not in operator.log()[logged:]


def test_an_object_that_waits_for_a_finalizer_is_not_run_any_more(operator: Operator, site: DemoSite) -> None:
    held = schedule("held", f"{site.url}/api/prices", interval="1s")
    held["metadata"]["finalizers"] = ["example.org/hold"]
    operator.apply(held)
    until("runs", lambda: len(operator.ended("held")) > 1)
    operator.kubectl("delete", "scs", "held", "--wait=false")
    until("nothing to run", lambda: operator.metric("scrape_operator_schedules") == 0)
    count = len(operator.runs("held"))
    operator.kubectl("annotate", "scs", "held", "scrape-operator.dev/requested-at=now")
    operator.apply(schedule("beside", f"{site.url}/api/prices", interval="1s"))
    until("another one runs", lambda: len(operator.ended("beside")) > 2)
    assert len(operator.runs("held")) == count
    operator.kubectl("patch", "scs", "held", "--type=merge", '--patch={"metadata":{"finalizers":null}}')


def test_what_a_person_applied_is_answered_within_seconds_though_the_budget_is_used_up(
    start_operator: Callable[..., Operator], site: DemoSite
) -> None:
    operator = start_operator(SCRAPE_OPERATOR_STATUS_WRITES_PER_SECOND="0.05")
    operator.apply(*(schedule(f"busy-{n}", f"{site.url}/api/prices?of={n}", interval="1s") for n in range(40)))
    until("runs", lambda: len(operator.rows("SELECT * FROM scrape_runs WHERE status <> 'RUNNING'")) > 100, within=30)
    operator.apply(schedule("refused", site.url, schedules=["61 * * * *"]))
    operator.await_status("refused", "condition=Stalled", seconds=4)
    operator.apply(schedule("failing", f"{site.url}/status/410", interval="720h"))
    operator.await_status("failing", "condition=Ready=False", seconds=5)
    [managers] = {tuple(written_by(operator.get_managed(name))) for name in ("busy-1", "refused", "failing")}
    assert managers == ("scrape-operator",)


def written_by(obj: dict[str, object]) -> set[str]:
    """Return who wrote the status of an object, by managedFields."""
    metadata = obj["metadata"]
    assert isinstance(metadata, dict)
    return {entry["manager"] for entry in metadata["managedFields"] if entry.get("subresource") == "status"}
