"""Tools that wait for a schedule by kstatus end when they should, and not before."""

import json

import pytest

from tests.dev.site.site import DemoSite
from tests.e2e.process import Operator, schedule, until
from tests.support.kstatus import kstatus

pytestmark = pytest.mark.cluster


def test_kstatus_is_right_in_every_phase(operator: Operator, site: DemoSite) -> None:
    url, daily = f"{site.url}/api/prices", ["0 3 * * *"]
    held = schedule("ks-held", url, interval="720h")
    held["metadata"]["finalizers"] = ["example.org/hold"]
    operator.apply(
        schedule("ks-running", f"{site.url}/hang", interval="720h"),
        schedule("ks-good", url, interval="720h"),
        schedule("ks-failing", f"{site.url}/status/410", interval="720h"),
        schedule("ks-refused", url, schedules=["61 * * * *"]),
        schedule("ks-suspended", url, interval="720h", suspend=True),
        schedule("ks-cron", url, schedules=daily),
        schedule("ks-later", url, interval="720h", startTime="2100-01-01T00:00:00Z"),
        held,
    )
    operator.await_status("ks-held", "condition=Ready")
    operator.kubectl("delete", "scs", "ks-held", "--wait=false")
    expected = {
        "ks-running": "InProgress",
        "ks-good": "Current",
        "ks-failing": "InProgress",
        "ks-refused": "Failed",
        "ks-suspended": "Current",
        "ks-cron": "Current",
        "ks-later": "Current",
        "ks-held": "Terminating",
    }
    try:
        until("every phase", lambda: {name: kstatus(operator.get(name)) for name in expected} == expected)
    finally:
        operator.kubectl("patch", "scs", "ks-held", "--type=merge", '--patch={"metadata":{"finalizers":null}}')


def test_an_object_that_no_operator_has_seen_is_in_progress(operator: Operator) -> None:
    namespace = operator.cluster.create_namespace()
    try:
        text = '{"apiVersion":"scrape-operator.dev/v1alpha1","kind":"ScrapeSchedule","metadata":{"name":"ks-new"},'
        text += '"spec":{"targets":[{"name":"a","http":{"url":"http://127.0.0.1:1/"},"extract":{"fields":[{"name":"u","value":"PageURL"}]}}]}}'
        operator.cluster.kubectl("--namespace", namespace, "apply", "-f", "-", input=text)
        found = operator.cluster.kubectl("--namespace", namespace, "get", "scs", "ks-new", "-o", "json")
        assert kstatus(json.loads(found)) == "InProgress"
    finally:
        operator.cluster.delete_namespace(namespace)
