"""Which requests reach the results API: pages of lists, those of controllers, and those of callers without a right."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from scrape_operator.results import discovery
from scrape_operator.results.front_proxy import Caller
from scrape_operator.results.resources import RESOURCES, RUNS
from tests.dev.controlplane.controllers import COLLECTOR, QUOTA
from tests.e2e.process import until
from tests.e2e.results import unregister
from tests.e2e.results_here import RUNS_HERE, ResultsHere
from tests.e2e.results_requests import BASE, GROUP, TRICKS, impersonating, named_by_proxy

OTHER = "default"
READERS = ("reader", "asker", "leaver")


def named(user: str) -> Mapping[str, Any]:
    return {"user": user, "groups": ["system:authenticated"]}


def runs_of(here: ResultsHere, namespace: str = "") -> str:
    return f"{BASE}/namespaces/{namespace or here.namespace}/scraperuns"


def status_of(here: ResultsHere, user: str) -> int:
    """Return what a user gets through the API server who lists the runs of the namespace."""
    return here.ask(runs_of(here), impersonating(named(user))).status


@pytest.fixture(scope="module")
def here(results_here: ResultsHere) -> ResultsHere:
    """The API, available, and READERS, who may read the runs of its namespace."""
    results_here.register_and_wait()
    kubectl, place = results_here.plane.kubectl, ("--namespace", results_here.namespace)
    kubectl("create", "role", "reader", "--verb=get,list,watch", f"--resource=scraperuns.{GROUP}", *place)
    for user in READERS:
        kubectl("create", "rolebinding", user, "--role=reader", f"--user={user}", *place)
    until("their rights", lambda: {status_of(results_here, user) for user in READERS} == {200})
    return results_here


@pytest.mark.parametrize("size", [100, 150, 200, RUNS_HERE - 1, RUNS_HERE, 500])
def test_kubectl_lists_in_one_request_for_each_chunk(here: ResultsHere, size: int) -> None:
    here.asked.clear()
    names = here.kubectl("get", "srun", "-o", "name", f"--chunk-size={size}").splitlines()
    assert len(set(names)) == len(names) == RUNS_HERE
    lists = [request for request in here.asked if request.path == runs_of(here)]
    assert len(lists) == math.ceil(RUNS_HERE / size)


def test_a_refused_request_does_not_reach_the_api(here: ResultsHere) -> None:
    here.asked.clear()
    reader = impersonating(named("reader"))
    for path in (runs_of(here, OTHER), f"{runs_of(here, OTHER)}?watch=true", f"{BASE}/scraperuns"):
        assert here.ask(path, reader).status == 403
    assert here.ask(runs_of(here), reader).status == 200
    assert [request.path for request in here.asked if request.user == "reader"] == [runs_of(here)]


class Everybody:
    """A second wall that lets everybody in."""

    async def is_allowed(self, caller: Caller, verb: str, resource: str, namespace: str | None, name: str = "") -> bool:
        return True


@pytest.fixture
def unchecked(here: ResultsHere, monkeypatch: pytest.MonkeyPatch) -> ResultsHere:
    """The API without its own check of rights: the API server's is the only one."""
    monkeypatch.setattr(here.handlers, "_authorizer", Everybody())
    assert not here.ask_directly(runs_of(here, OTHER), named_by_proxy(named("nobody"))).holds_nothing_of(OTHER)
    return here


@pytest.mark.parametrize("trick", TRICKS)
def test_no_spelling_of_a_path_passes_the_api_servers_own_check(unchecked: ResultsHere, trick: str) -> None:
    path = f"{BASE}/namespaces/" + trick.format(a=unchecked.namespace, b=OTHER)
    assert unchecked.ask(path, impersonating(named("reader"))).holds_nothing_of(OTHER)


def reviews(here: ResultsHere) -> float:
    """Return how many SubjectAccessReviews the API server has answered."""
    lines = here.ask("/metrics").body.splitlines()
    counts = [line for line in lines if line.startswith("apiserver_request_total{")]
    return sum(float(line.rpartition(" ")[2]) for line in counts if 'resource="subjectaccessreviews"' in line)


def test_a_review_answers_the_same_question_for_ten_seconds(here: ResultsHere) -> None:
    here.clock.advance(10)
    asker, before = named_by_proxy(named("asker")), reviews(here)
    assert {here.ask_directly(runs_of(here), asker).status for _ in range(20)} == {200}
    assert reviews(here) == before + 1
    here.clock.advance(10)
    assert here.ask_directly(runs_of(here), asker).status == 200
    assert reviews(here) == before + 2


def test_a_right_that_is_withdrawn_is_gone_after_ten_seconds_past_the_api_server(here: ResultsHere) -> None:
    leaver = named_by_proxy(named("leaver"))
    assert here.ask_directly(runs_of(here), leaver).status == 200
    here.plane.kubectl("delete", "rolebinding", "leaver", "--namespace", here.namespace)
    until("the API server refuses", lambda: status_of(here, "leaver") == 403)
    here.clock.advance(9.9)
    assert here.ask_directly(runs_of(here), leaver).status == 200
    here.clock.advance(0.1)
    assert here.ask_directly(runs_of(here), leaver).status == 403


@pytest.mark.parametrize(
    ("more", "followers"),
    [
        pytest.param((), set(), id="get, list, watch"),
        pytest.param(("delete",), {COLLECTOR}, id="and delete"),
        pytest.param(("delete", "deletecollection", "create"), {COLLECTOR, QUOTA}, id="and all to write"),
    ],
)
def test_verbs_decide_which_controllers_read_all_rows(
    results_here: ResultsHere, monkeypatch: pytest.MonkeyPatch, more: Sequence[str], followers: set[str]
) -> None:
    """The API has the verbs of the first row; the others show why it has no more."""
    verbs = (*RUNS.verbs, *more)
    monkeypatch.setattr(discovery, "RESOURCES", {**RESOURCES, RUNS.plural: replace(RUNS, verbs=verbs)})
    with results_here.plane.fresh_controllers() as controllers:
        results_here.register_and_wait()
        until("the verbs", lambda: ",".join(verbs) in verbs_shown(results_here), within=30)
        followed = controllers.start().followed()
        ended = delete_a_namespace(results_here)
        reads_all = ("GET", f"{BASE}/scraperuns", True)
        if followers:
            until("a watch of all rows", lambda: reads_all in asked_by_controllers(results_here), within=30)
        asked = asked_by_controllers(results_here)
        unregister(results_here.plane)
    assert {name for name, resources in followed.items() if GROUP in resources} == followers
    assert (reads_all in asked) == bool(followers)
    assert (("DELETE", runs_of(results_here, ended), False) in asked) == ("deletecollection" in more)
    assert (("GET", runs_of(results_here, ended), False) in asked) == ("delete" in more)
    assert bool(asked) == bool(more)


def verbs_shown(here: ResultsHere) -> str:
    return here.kubectl("api-resources", f"--api-group={GROUP}", "-o", "wide")


def delete_a_namespace(here: ResultsHere) -> str:
    """Return the name of a namespace that came and went."""
    name = here.plane.create_namespace()
    here.plane.delete_namespace(name)
    until("it is gone", lambda: not here.plane.kubectl("get", "namespace", name, "--ignore-not-found"), within=30)
    return name


def asked_by_controllers(here: ResultsHere) -> Sequence[tuple[str, str, bool]]:
    """Return method, path and whether it was a watch, of their requests for rows."""
    theirs = [request for request in here.asked if request.agent.startswith("kube-controller-manager")]
    return [(one.method, one.path, one.is_watch) for one in theirs if one.path.startswith(f"{BASE}/")]
