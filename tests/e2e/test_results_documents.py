"""Why the results API serves each document: what the API server and kubectl lack where one is left out.

Each test registers the API anew and empties kubectl's cache.
"""

import json
from typing import Any

import pytest

from scrape_operator.results import negotiation
from scrape_operator.results.discovery import VERSION_PATH
from scrape_operator.results.negotiation import FORMS, Form
from scrape_operator.results.openapi import V3_PATH
from tests.e2e.process import until
from tests.e2e.results import API_SERVICE
from tests.e2e.results_here import ResultsHere
from tests.e2e.results_requests import GROUP

GROUP_PATH = f"/apis/{GROUP}"
V2 = "/openapi/v2"
V3 = {"/openapi/v3", V3_PATH}
DESCRIPTION = "Why the run ended so"
"""Of the field status.reason."""

SOON = 60
"""Seconds until the API server has put the OpenAPI documents of all APIs together."""


def explained(here: ResultsHere) -> str:
    return here.kubectl("explain", "srun.status.reason", check=False)


def in_openapi_v2(here: ResultsHere) -> bool:
    return "v1alpha1.ScrapeRun" in here.kubectl("get", "--raw", V2)


def wrong_run(here: ResultsHere) -> str:
    """A run with a field that runs do not have."""
    run: dict[str, Any] = here.ask(f"{VERSION_PATH}/namespaces/{here.namespace}/scraperuns?limit=1").json["items"][0]
    return json.dumps({**run, "spec": {**run["spec"], "colour": "red"}})


def created(here: ResultsHere) -> str:
    return here.kubectl("create", "-f", "-", input=wrong_run(here), check=False)


def test_without_the_list_of_resources_the_api_is_unavailable_and_namespaces_stay(results_here: ResultsHere) -> None:
    results_here.register(without={"/apis", VERSION_PATH})
    reason = "--for=jsonpath={.status.conditions[0].reason}=FailedDiscoveryCheck"
    results_here.plane.kubectl("wait", reason, "--timeout=60s", f"apiservice/{API_SERVICE}")
    assert results_here.ask(f"{VERSION_PATH}/scraperuns").status == 503
    assert "doesn't have a resource type" in results_here.kubectl("get", "srun", check=False)
    name = results_here.plane.create_namespace()
    results_here.plane.delete_namespace(name)
    shown = ("get", "namespace", name, "-o", "json")
    until("the namespace stays", lambda: GROUP in results_here.plane.kubectl(*shown))
    (reason,) = (
        condition["reason"]
        for condition in json.loads(results_here.plane.kubectl(*shown))["status"]["conditions"]
        if GROUP in condition["message"]
    )
    assert reason == "DiscoveryFailed"


def test_without_aggregated_discovery_the_resources_are_found_all_the_same(results_here: ResultsHere) -> None:
    results_here.register_and_wait(without={"/apis"})
    listed = ("api-resources", f"--api-group={GROUP}", "-o", "name")
    until("the resources", lambda: f"scraperuns.{GROUP}" in results_here.kubectl(*listed))
    assert results_here.was_asked("/apis")
    assert not results_here.was_asked(GROUP_PATH)
    assert "quotes-" in results_here.kubectl("get", "srun", "-o", "name")


def test_the_api_server_describes_the_group_itself(results_here: ResultsHere) -> None:
    """So the results API does not serve this document."""
    results_here.register_and_wait()
    assert json.loads(results_here.kubectl("get", "--raw", GROUP_PATH))["kind"] == "APIGroup"
    assert not results_here.was_asked(GROUP_PATH)


def test_with_openapi_v2_kubectl_refuses_unknown_fields(results_here: ResultsHere) -> None:
    results_here.register_and_wait()
    until("OpenAPI v2", lambda: in_openapi_v2(results_here), within=SOON)
    assert 'unknown field "colour"' in created(results_here)
    assert "POST" not in {request.method for request in results_here.asked}


def test_without_openapi_v2_kubectl_sends_unknown_fields(results_here: ResultsHere) -> None:
    results_here.register_and_wait(without={V2})
    until("the API server asks for OpenAPI", lambda: results_here.was_asked(V2), within=SOON)
    until("OpenAPI v2 without the runs", lambda: not in_openapi_v2(results_here), within=SOON)
    assert "MethodNotAllowed" in created(results_here)
    assert "POST" in {request.method for request in results_here.asked}


def test_without_openapi_v3_explain_reads_v2(results_here: ResultsHere) -> None:
    results_here.register_and_wait(without=V3)
    until("the description", lambda: DESCRIPTION in explained(results_here), within=SOON)
    assert results_here.was_asked("/openapi/v3")


def test_without_openapi_nothing_is_explained(results_here: ResultsHere) -> None:
    results_here.register_and_wait(without={V2, *V3})
    until("the API server asks for both", lambda: all(map(results_here.was_asked, (V2, "/openapi/v3"))), within=SOON)
    until("no description", lambda: DESCRIPTION not in explained(results_here), within=SOON)
    assert "quotes-" in results_here.kubectl("get", "srun", "-o", "name")


def test_without_tables_kubectl_prints_name_and_age_alone(
    results_here: ResultsHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    results_here.register_and_wait()
    forms = {kind: form for kind, form in FORMS.items() if form is not Form.TABLE}
    monkeypatch.setattr(negotiation, "FORMS", forms)
    assert results_here.kubectl("get", "srun").splitlines()[0].split() == ["NAME", "AGE"]
    monkeypatch.undo()
    assert "DURATION" in results_here.kubectl("get", "srun").splitlines()[0]
