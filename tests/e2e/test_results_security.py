"""Who may read results, on the real API server: through it and past it. And what an outage does to namespaces."""

import asyncio
import json
import re
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from scrape_operator.storage.engine import migrate
from scrape_operator.storage.store import open_store
from tests.dev.controlplane.controlplane import ControlPlane
from tests.dev.controlplane.postgres import Postgres
from tests.e2e.process import until
from tests.e2e.results_callers import CALLERS, READ, A, B, rbac_objects
from tests.e2e.results_install import InstalledResults
from tests.e2e.results_requests import BASE, GROUP, TRICKS, Answer, impersonating, named_by_proxy
from tests.storage.values import claim_of, items_of, result_of, settings_for, target_of
from tests.support.certificates import Authority

BY_USER = [pytest.param(one, id=one["user"].replace(":", "-")) for one in CALLERS]


async def fill(url: str) -> None:
    """Store runs and items in both namespaces."""
    async with open_store(settings_for(url)) as store:
        for number, namespace in enumerate((A, B)):
            claim = claim_of(number, uid=f"uid-{namespace}", namespace=namespace, name="quotes")
            await store.claim(claim)
            await store.finish(result_of(claim, target_of(items_of(a="1", b="2"))))


@pytest.fixture(scope="module")
def database_url(postgres: Postgres) -> Iterator[str]:
    url = postgres.create_database()
    asyncio.run(migrate.upgrade(settings_for(url)))
    asyncio.run(fill(url))
    yield url
    if not postgres.serves:
        postgres.start()


@pytest.fixture(scope="module")
def installed(
    control_plane: ControlPlane, database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[InstalledResults]:
    if not isinstance(control_plane, ControlPlane):
        pytest.skip("an existing cluster's front proxy is not ours to sign certificates for")
    made = InstalledResults(control_plane, tmp_path_factory.mktemp("results"), database_url)
    for namespace in (A, B):
        control_plane.kubectl("create", "namespace", namespace)
    try:
        made.install()
        made.start()
        objects = {"apiVersion": "v1", "kind": "List", "items": list(rbac_objects())}
        control_plane.kubectl("apply", "-f", "-", input=json.dumps(objects))
        until("the roles", lambda: everybody_is_known(made), within=30)
        yield made
    finally:
        made.stop()
        made.uninstall()
        control_plane.kubectl("delete", "clusterrolebinding", "results-test-cluster-viewer", "--ignore-not-found")
        for namespace in (A, B):
            control_plane.delete_namespace(namespace)


def everybody_is_known(installed: InstalledResults) -> bool:
    """Whether the API server's RBAC has seen all bindings, and the role `view` the chart's part."""
    path = f"{BASE}/namespaces/{A}/scraperuns"
    users = [one for one in CALLERS if ("list", "scraperuns") in one["rights"][A]]
    return all(installed.ask(path, headers=impersonating(one)).status == 200 for one in users)


@pytest.fixture(scope="module")
def names(installed: InstalledResults) -> Mapping[tuple[str, str], str]:
    """The name of an object of each resource in each namespace."""
    found = {}
    for namespace in (A, B):
        for resource in READ:
            shown = installed.ask(f"{BASE}/namespaces/{namespace}/{resource}").json
            found[namespace, resource] = shown["items"][0]["metadata"]["name"]
    return found


def requests(names: Mapping[tuple[str, str], str]) -> Iterator[tuple[tuple[str, str], str | None, str]]:
    """Every verb on every resource in both namespaces and in all, as path."""
    for resource in READ:
        for namespace in (A, B):
            at = f"{BASE}/namespaces/{namespace}/{resource}"
            yield ("get", resource), namespace, f"{at}/{names[namespace, resource]}"
            yield ("list", resource), namespace, at
        yield ("list", resource), None, f"{BASE}/{resource}"
    for namespace in (A, B):
        yield ("watch", "scraperuns"), namespace, f"{BASE}/namespaces/{namespace}/scraperuns?watch=true"
    yield ("watch", "scraperuns"), None, f"{BASE}/scraperuns?watch=true"


@pytest.mark.parametrize("who", BY_USER)
def test_a_caller_may_through_the_api_server_what_rbac_grants_and_nothing_else(
    installed: InstalledResults, names: Mapping[tuple[str, str], str], who: Mapping[str, Any]
) -> None:
    answers = {
        (right, namespace): installed.ask(path, headers=impersonating(who)).status
        for right, namespace, path in requests(names)
    }
    assert answers == {key: 200 if key[0] in who["rights"][key[1]] else 403 for key in answers}


@pytest.mark.parametrize("who", BY_USER)
def test_the_second_wall_grants_the_same_past_the_api_server(
    installed: InstalledResults, names: Mapping[tuple[str, str], str], who: Mapping[str, Any]
) -> None:
    certificate = installed.front_proxy_certificate()
    answers = {
        (right, namespace): installed.ask_directly(path, headers=named_by_proxy(who), certificate=certificate).status
        for right, namespace, path in requests(names)
    }
    assert answers == {key: 200 if key[0] in who["rights"][key[1]] else 403 for key in answers}


@pytest.mark.parametrize("who", BY_USER)
def test_a_denied_caller_does_not_learn_whether_a_name_exists(
    installed: InstalledResults, names: Mapping[tuple[str, str], str], who: Mapping[str, Any]
) -> None:
    certificate = installed.front_proxy_certificate()

    def both_ways(path: str) -> list[Answer]:
        direct = installed.ask_directly(path, headers=named_by_proxy(who), certificate=certificate)
        return [installed.ask(path, headers=impersonating(who)), direct]

    for (namespace, resource), name in names.items():
        absent = name[:-3] + ("zzz" if name[-3:] != "zzz" else "yyy")
        at = f"{BASE}/namespaces/{namespace}/{resource}"
        is_allowed = ("get", resource) in who["rights"][namespace]
        for there, not_there in zip(both_ways(f"{at}/{name}"), both_ways(f"{at}/{absent}"), strict=True):
            if is_allowed:
                assert (there.status, not_there.status) == (200, 404)
            else:
                assert there.status == not_there.status == 403
                assert there.body.replace(name, "NAME") == not_there.body.replace(absent, "NAME")
                assert "quotes" not in there.body.replace(name, "NAME")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nobody_writes(installed: InstalledResults, names: Mapping[tuple[str, str], str], method: str) -> None:
    for namespace, resource in names:
        at = f"{BASE}/namespaces/{namespace}/{resource}"
        for path in (at, f"{at}/{names[namespace, resource]}"):
            assert installed.ask(path, method=method).status == 405
            assert installed.ask(path, method=method, headers=impersonating(CALLERS[-2])).status == 403


def test_forged_headers_change_nothing_through_the_api_server(installed: InstalledResults) -> None:
    forged = [("X-Remote-User", "root"), ("X-Remote-Group", "system:masters"), ("X-Remote-Extra-Scopes", "all")]
    viewer = impersonating(CALLERS[2])
    assert installed.ask(f"{BASE}/namespaces/{A}/scraperuns", headers=[*viewer, *forged]).status == 200
    for path in (f"{BASE}/namespaces/{B}/scraperuns", f"{BASE}/scraperuns"):
        answer = installed.ask(path, headers=[*viewer, *forged])
        assert (answer.status, answer.json["message"].count('"viewer-of-a"')) == (403, 1)


@pytest.mark.parametrize("name", ["", "admin", "system:kube-apiserver", "front-proxy-client2"])
def test_forged_headers_without_the_front_proxys_certificate_are_nobodys(
    installed: InstalledResults, name: str
) -> None:
    certificate = installed.front_proxy_certificate(name) if name else None
    for path in (BASE, f"{BASE}/scraperuns", "/apis", "/openapi/v2"):
        answer = installed.ask_directly(path, headers=named_by_proxy(CALLERS[0]), certificate=certificate)
        assert (answer.status, answer.json["reason"]) == (401, "Unauthorized")


@pytest.mark.parametrize("name", ["front-proxy-client", "admin"])
def test_a_certificate_of_another_ca_ends_the_handshake(installed: InstalledResults, name: str) -> None:
    forged = installed.front_proxy_certificate(name, Authority("front proxy"))
    with pytest.raises((ssl.SSLError, ConnectionError)):
        installed.ask_directly(BASE, headers=named_by_proxy(CALLERS[0]), certificate=forged)


def test_a_ca_of_the_front_proxy_counts_from_its_publication_to_its_withdrawal(
    installed: InstalledResults, control_plane: ControlPlane
) -> None:
    """The API server's own CA stays all the time, as in a rotation."""
    second = Authority("front proxy 2")
    certificate = installed.front_proxy_certificate(authority=second)
    own = control_plane.front_proxy_ca.pem

    def publish(*pems: bytes) -> None:
        patch = json.dumps({"data": {"requestheader-client-ca-file": b"".join(pems).decode()}})
        place = ("configmap", "extension-apiserver-authentication", "--namespace", "kube-system")
        control_plane.kubectl("patch", *place, "--type=merge", f"--patch={patch}")

    def is_believed() -> bool:
        try:
            answer = installed.ask_directly(BASE, headers=named_by_proxy(CALLERS[0]), certificate=certificate)
        except (ssl.SSLError, ConnectionError):
            return False
        return answer.status == 200

    assert not is_believed()
    publish(own, second.pem)
    try:
        until("the new CA counts", is_believed)
        assert installed.ask(BASE).status == 200
    finally:
        publish(own)
    until("it counts no longer", lambda: not is_believed())
    assert installed.ask(BASE).status == 200


def test_the_front_proxy_that_names_nobody_is_nobody(installed: InstalledResults) -> None:
    certificate = installed.front_proxy_certificate()
    assert installed.ask_directly(BASE, certificate=certificate).status == 401
    assert installed.ask_directly(BASE, headers=[("X-Remote-User", "")], certificate=certificate).status == 401


def test_probes_need_no_certificate(installed: InstalledResults) -> None:
    assert [installed.ask_directly(path).status for path in ("/healthz", "/readyz")] == [200, 200]


@pytest.mark.parametrize("trick", TRICKS)
def test_no_spelling_of_a_path_shows_another_namespace(installed: InstalledResults, trick: str) -> None:
    path = f"{BASE}/namespaces/" + trick.format(a=A, b=B)
    certificate = installed.front_proxy_certificate()
    for answer in (
        installed.ask(path, headers=impersonating(CALLERS[2])),
        installed.ask_directly(path, headers=named_by_proxy(CALLERS[2]), certificate=certificate),
    ):
        assert answer.holds_nothing_of(B)


def test_namespaces_go_while_the_api_is_up_and_its_rows_are_left_alone(
    installed: InstalledResults, control_plane: ControlPlane
) -> None:
    seconds = seconds_to_delete_namespace(control_plane)
    print(f"namespace gone after {seconds:.1f} s, API up")
    assert seconds < 10


def test_without_the_database_lists_are_503_and_namespaces_go(
    installed: InstalledResults, control_plane: ControlPlane, postgres: Postgres
) -> None:
    postgres.stop()
    try:
        answer = installed.ask(f"{BASE}/scraperuns")
        assert (answer.status, answer.json["reason"]) == (503, "ServiceUnavailable")
        seconds = seconds_to_delete_namespace(control_plane)
        print(f"namespace gone after {seconds:.1f} s, database down")
        assert seconds < 10
        assert installed.ask_directly("/readyz").status == 200
    finally:
        postgres.start()
    until("lists again", lambda: installed.ask(f"{BASE}/scraperuns").status == 200, within=30)


def test_the_controllers_neither_delete_nor_watch_nor_list(
    installed: InstalledResults, control_plane: ControlPlane
) -> None:
    before = len(control_plane.aggregated_requests())
    with control_plane.fresh_controllers() as controllers:
        assert [name for name, resources in controllers.start().followed().items() if GROUP in resources] == []
        seconds_to_delete_namespace(control_plane)
    assert installed.ask(f"{BASE}/scraperuns").status == 200
    seen = control_plane.aggregated_requests()[before:]
    assert "list" in {event["verb"] for event in seen}, "the test's own request is in the log"
    theirs = [event for event in seen if event.get("userAgent", "").startswith("kube-controller-manager")]
    assert [(event["verb"], event["requestURI"]) for event in theirs] == []


def test_the_escape_command_of_the_notes_frees_a_namespace_within_ten_seconds(
    installed: InstalledResults, control_plane: ControlPlane
) -> None:
    (escape,) = re.findall(r"^ *(kubectl delete apiservice \S+)$", installed.notes, re.MULTILINE)
    installed.stop()
    installed.await_available(is_available=False)
    alert = 'aggregator_unavailable_apiservice{name="v1alpha1.results.scrape-operator.dev"}'
    assert alert in installed.notes
    assert f"{alert} 1\n" in installed.ask("/metrics").body
    name = control_plane.create_namespace()
    control_plane.kubectl("create", "configmap", "kept", "--namespace", name)
    control_plane.delete_namespace(name)
    until("the namespace hangs", lambda: "DiscoveryFailed" in conditions_of(control_plane, name), within=30)
    begun = time.monotonic()
    until("it goes on hanging", lambda: time.monotonic() - begun > 6, within=10)
    assert exists(control_plane, name)
    control_plane.kubectl(*escape.split()[1:])
    begun = time.monotonic()
    until("the namespace is gone", lambda: not exists(control_plane, name), within=15)
    seconds = time.monotonic() - begun
    print(f"namespace gone {seconds:.1f} s after the escape")
    assert seconds < 10


def seconds_to_delete_namespace(control_plane: ControlPlane) -> float:
    name = control_plane.create_namespace()
    control_plane.kubectl("create", "configmap", "kept", "--namespace", name)
    begun = time.monotonic()
    control_plane.delete_namespace(name)
    until(f"namespace {name} is gone", lambda: not exists(control_plane, name), within=60)
    return time.monotonic() - begun


def exists(control_plane: ControlPlane, name: str) -> bool:
    return bool(control_plane.kubectl("get", "namespace", name, "--ignore-not-found"))


def conditions_of(control_plane: ControlPlane, name: str) -> Sequence[str]:
    shown = control_plane.kubectl("get", "namespace", name, "-o", "json", "--ignore-not-found")
    return [one["reason"] for one in json.loads(shown)["status"].get("conditions", []) if one["status"] == "True"]
