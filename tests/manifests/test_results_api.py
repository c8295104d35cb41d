"""What the chart promises of the results API: nothing by default, and few rights where it is enabled."""

from typing import Any

import helm_python
import kubernetes_validate
import pytest

from scrape_operator.results.authorization import GROUP
from scrape_operator.results.security import API_SERVICE
from tests.manifests.conftest import Object, Render

POSTGRES = {"database": {"existingSecret": "pg"}}
CERT_MANAGER = {"resultsApi": {"enabled": True, "certificates": "cert-manager"}}
ON = {"resultsApi": {"enabled": True}}
NAME = "rel-scrape-operator-results"
RULE_KINDS = {"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"}
VARIANTS = [
    pytest.param(ON, id="SQLite"),
    pytest.param(ON | POSTGRES, id="PostgreSQL"),
    pytest.param(CERT_MANAGER, id="SQLite, cert-manager"),
    pytest.param(CERT_MANAGER | POSTGRES, id="PostgreSQL, cert-manager"),
    pytest.param(ON | POSTGRES | {"watchNamespaces": ["shop"], "rbac": {"aggregate": False}}, id="one namespace"),
    pytest.param(ON | POSTGRES | {"podLabels": {"a": "b"}, "podAnnotations": {"a": "b"}, "nodeSelector": {"a": "b"},
                  "volumes": [{"name": "ca", "configMap": {"name": "ca"}}], "priorityClassName": "high",
                  "volumeMounts": [{"name": "ca", "mountPath": "/etc/ca"}], "imagePullSecrets": [{"name": "pull"}],
                  "serviceAccount": {"annotations": {"a": "b"}}}, id="everything that pods can be given"),
]  # fmt: skip


@pytest.fixture(scope="session")
def render(render: Render) -> Render:
    """Render without the CRDs: they are the same everywhere, and most of the text."""
    return lambda **values: render(**{"crds": {"install": False}, **values})


def named(objects: list[Object]) -> dict[tuple[str, str], Object]:
    return {(document["kind"], document["metadata"]["name"]): document for document in objects}


def added(render: Render, values: Object) -> list[Object]:
    """What the results API adds to the objects of the same values without it, and what it changes."""
    without = render(**{key: value for key, value in values.items() if key != "resultsApi"})
    return [document for document in render(**values) if document not in without]


def rules_of(objects: list[Object], account: str) -> list[Object]:
    """What one ServiceAccount may do by the rendered objects, with the namespace where that is bound."""
    by_name = named(objects)
    found = []
    for document in objects:
        if document["kind"].endswith("Binding") and account in {subject["name"] for subject in document["subjects"]}:
            reference = document["roleRef"]["kind"], document["roleRef"]["name"]
            where = document["metadata"].get("namespace", "the cluster")
            role = by_name.get(reference, {"rules": [reference[1]]})
            found += [(where, rule) for rule in role["rules"]]
    return [{"where": where, "rule": rule} for where, rule in found]


def env_of(pod: Object) -> dict[str, Any]:
    return {entry["name"]: entry.get("value") for entry in pod["containers"][0]["env"]}


@pytest.mark.parametrize("values", [{}, POSTGRES])
def test_by_default_there_is_no_api_service_and_no_right_for_one(render: Render, values: Object) -> None:
    objects = render(**values)
    assert "APIService" not in {document["kind"] for document in objects}
    assert GROUP not in str(objects)
    for word in ("subjectaccessreviews", "apiservices", "extension-apiserver", "RESULTS_API", "results"):
        assert word not in str(objects)


@pytest.mark.parametrize("values", VARIANTS)
@pytest.mark.parametrize("version", ["1.31", "1.37"])
def test_every_object_is_valid_for_kubernetes(render: Render, values: Object, version: str) -> None:
    objects = [document for document in added(render, values) if "cert-manager.io" not in document["apiVersion"]]
    assert objects
    for document in objects:
        kubernetes_validate.validate(document, version, strict=True)


@pytest.mark.parametrize("values", VARIANTS)
def test_a_second_rendering_is_the_same(render: Render, values: Object) -> None:
    """Argo CD renders again at each look: a certificate made by the chart would be another each time."""
    assert render(**values) == render(**values)
    assert not any(document.get("data") for document in render(**values))
    assert "caBundle" not in str(render(**values))


def test_the_process_may_review_access_and_keep_its_own_certificate_and_nothing_else(render: Render) -> None:
    may = rules_of(render(**ON, **POSTGRES), NAME)
    reviews = {"apiGroups": ["authorization.k8s.io"], "resources": ["subjectaccessreviews"], "verbs": ["create"]}
    service = {
        "apiGroups": ["apiregistration.k8s.io"],
        "resources": ["apiservices"],
        "resourceNames": [API_SERVICE],
        "verbs": ["get", "patch"],
    }
    secret = {"apiGroups": [""], "resources": ["secrets"], "resourceNames": [f"{NAME}-tls"], "verbs": ["get", "patch"]}
    assert may == [
        {"where": "the cluster", "rule": reviews},
        {"where": "the cluster", "rule": service},
        {"where": "kube-system", "rule": "extension-apiserver-authentication-reader"},
        {"where": "sys", "rule": secret},
    ]


@pytest.mark.parametrize("values", [CERT_MANAGER, CERT_MANAGER | POSTGRES])
def test_with_cert_manager_it_may_write_nothing(render: Render, values: Object) -> None:
    objects = added(render, values)
    assert {"apiservices", "secrets"}.isdisjoint(
        resource for document in objects for rule in document.get("rules", ()) for resource in rule["resources"]
    )
    assert "Secret" not in {document["kind"] for document in objects}
    certificate = named(objects)["Certificate", NAME]
    assert certificate["spec"]["dnsNames"] == [f"{NAME}.sys.svc", f"{NAME}.sys.svc.cluster.local"]
    service = named(objects)["APIService", API_SERVICE]
    assert service["metadata"]["annotations"] == {"cert-manager.io/inject-ca-from": f"sys/{NAME}"}
    pods = [document["spec"]["template"]["spec"] for document in objects if document["kind"] == "Deployment"]
    (pod,) = pods
    container = pod["containers"][-1]
    (mount,) = [mount for mount in container["volumeMounts"] if mount["name"] == "results-tls"]
    (volume,) = [volume for volume in pod["volumes"] if volume["name"] == "results-tls"]
    assert volume["secret"]["secretName"] == certificate["spec"]["secretName"]
    assert {"name": "SCRAPE_OPERATOR_RESULTS_API_CERTIFICATE_DIR", "value": mount["mountPath"]} in container["env"]


@pytest.mark.parametrize("values", [ON, ON | POSTGRES])
def test_people_who_may_view_a_namespace_may_read_its_runs_and_items(render: Render, values: Object) -> None:
    role = named(render(**values))["ClusterRole", f"{NAME}-view"]
    assert role["metadata"]["labels"]["rbac.authorization.k8s.io/aggregate-to-view"] == "true"
    assert role["rules"] == [
        {"apiGroups": [GROUP], "resources": ["scraperuns"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [GROUP], "resources": ["scrapeitems"], "verbs": ["get", "list"]},
    ]
    without = render(**values, rbac={"create": False, "aggregate": False})
    assert RULE_KINDS.isdisjoint(document["kind"] for document in without)


def test_with_postgresql_it_has_a_deployment_of_its_own(render: Render) -> None:
    objects = named(render(**ON, **POSTGRES))
    deployment = objects["Deployment", NAME]
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert (deployment["spec"]["replicas"], container["args"]) == (2, ["results"])
    assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert container["lifecycle"]["preStop"] == {"sleep": {"seconds": 5}}
    assert env_of(pod)["SCRAPE_OPERATOR_RESULTS_API_SERVICE"] == f"sys/{NAME}"
    assert "initContainers" not in pod
    assert "RESULTS" not in str(env_of(objects["Deployment", "rel-scrape-operator"]["spec"]["template"]["spec"]))
    budget = objects["PodDisruptionBudget", NAME]["spec"]
    assert budget["maxUnavailable"] == 1
    for selector in (budget["selector"]["matchLabels"], objects["Service", NAME]["spec"]["selector"]):
        assert selector.items() <= deployment["spec"]["template"]["metadata"]["labels"].items()


def test_no_selector_of_the_operator_reaches_pods_of_the_results_api(render: Render) -> None:
    objects = named(render(**ON, **POSTGRES))
    theirs = objects["Deployment", NAME]["spec"]["template"]["metadata"]["labels"]
    operator = objects["Deployment", "rel-scrape-operator"]["spec"]["selector"]["matchLabels"]
    for selector in (operator, objects["Service", "rel-scrape-operator"]["spec"]["selector"]):
        assert not selector.items() <= theirs.items()
    labels = objects["Deployment", "rel-scrape-operator"]["spec"]["template"]["metadata"]["labels"]
    assert not objects["Service", NAME]["spec"]["selector"].items() <= labels.items()


def test_with_sqlite_a_container_of_the_operators_pod_serves_it(render: Render) -> None:
    objects = named(render(**ON))
    assert [name for kind, name in objects if kind == "Deployment"] == ["rel-scrape-operator"]
    template = objects["Deployment", "rel-scrape-operator"]["spec"]["template"]
    operator, results = template["spec"]["containers"]
    assert (operator["args"], results["args"]) == (["run"], ["results"])
    assert template["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"] == operator["name"]
    assert "RESULTS" not in str(operator["env"])
    assert {"name": "data", "mountPath": "/data"} in results["volumeMounts"]
    assert {"name": "SCRAPE_OPERATOR_SQLITE_PATH", "value": "/data/scrape-operator.db"} in results["env"]
    service = objects["Service", NAME]["spec"]
    assert service["selector"].items() <= template["metadata"]["labels"].items()
    assert service["publishNotReadyAddresses"] is True
    assert service["ports"][0]["targetPort"] in {port["name"] for port in results["ports"]}
    assert ("PodDisruptionBudget", NAME) not in objects
    assert {"where": "kube-system", "rule": "extension-apiserver-authentication-reader"} in rules_of(
        list(objects.values()), "rel-scrape-operator"
    )


def test_its_pods_meet_the_restricted_pod_security_standard(render: Render) -> None:
    pods = [
        deployed["spec"]["template"]["spec"]
        for values in (ON, ON | POSTGRES)
        for (kind, _), deployed in named(render(**values)).items()
        if kind == "Deployment"
    ]
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    contexts = [container["securityContext"] for pod in pods for container in pod["containers"]]
    assert contexts == 4 * [
        {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
    ]


@pytest.mark.parametrize(("values", "says_restart"), [(ON, True), (ON | POSTGRES, False)])
def test_the_notes_name_danger_alert_and_escape(chart: helm_python.Chart, values: Object, says_restart: bool) -> None:
    texts = chart.render(values=values, name="rel", namespace="sys")
    (notes,) = [text for path, text in texts.items() if path.endswith("NOTES.txt")]
    assert "NO NAMESPACE OF THE CLUSTER FINISHES ITS DELETION" in notes
    assert f'aggregator_unavailable_apiservice{{name="{API_SERVICE}"}}' in notes
    assert f"\n  kubectl delete apiservice {API_SERVICE}\n" in notes
    assert ("each restart of that pod" in notes) is says_restart
    (plain,) = [text for path, text in chart.render(name="rel", namespace="sys").items() if path.endswith("NOTES.txt")]
    assert "apiservice" not in plain


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"enabled": "yes"}, id="a word for a boolean"),
        pytest.param({"replicas": 0}, id="no replicas"),
        pytest.param({"port": 443}, id="a port that needs root"),
        pytest.param({"certificates": "helm"}, id="an unknown maker of certificates"),
        pytest.param({"certManager": True}, id="an unknown value"),
    ],
)
def test_the_schema_refuses_nonsense(chart: helm_python.Chart, values: Object) -> None:
    with pytest.raises(helm_python.HelmValuesError):
        chart.validate_schema({"resultsApi": values})
