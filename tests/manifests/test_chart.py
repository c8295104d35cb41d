"""What the chart promises of the objects that it renders."""

import json
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

import helm_python
import kubernetes_validate
import pytest
from pydantic import ValidationError

from scrape_operator.api.kinds.registry import KINDS, Scope
from scrape_operator.settings import NETWORK_PATTERN, Settings
from tests.manifests.conftest import CHART, Object, Render

Pick = Callable[[list[Object], str], Object]

POSTGRES = {"database": {"existingSecret": "pg"}}
NAMESPACED = {"watchNamespaces": ["shop", "news", "shop"]}
VARIANTS = [
    pytest.param({}, id="as it comes"),
    pytest.param(POSTGRES, id="PostgreSQL"),
    pytest.param(NAMESPACED, id="two namespaces"),
    pytest.param({"persistence": {"enabled": False}}, id="SQLite in an emptyDir"),
    pytest.param(
        {
            "imagePullSecrets": [{"name": "pull"}],
            "podLabels": {"team": "data"},
            "podAnnotations": {"note": "x"},
            "nodeSelector": {"disk": "ssd"},
            "tolerations": [{"operator": "Exists"}],
            "affinity": {"nodeAffinity": {}},
            "topologySpreadConstraints": [
                {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}
            ],
            "priorityClassName": "high",
            "env": [{"name": "SSL_CERT_FILE", "value": "/etc/ca/ca.crt"}],
            "volumes": [{"name": "ca", "configMap": {"name": "ca"}}],
            "volumeMounts": [{"name": "ca", "mountPath": "/etc/ca", "readOnly": True}],
            "serviceAccount": {"annotations": {"a": "b"}},
            "service": {"annotations": {"a": "b"}},
            "persistence": {"annotations": {"a": "b"}, "storageClassName": "fast"},
        },
        id="everything that pods and objects can be given",
    ),
]
GROUP = "scrape-operator.dev"
NAMESPACED_KINDS = [kind for kind in KINDS if kind.scope is Scope.NAMESPACED]
CLUSTER_KINDS = [kind.plural for kind in KINDS if kind.scope is Scope.CLUSTER]
STATUSES = [f"{kind.plural}/status" for kind in NAMESPACED_KINDS if kind.status_model]
RULES = [
    {"apiGroups": [GROUP], "resources": [kind.plural for kind in NAMESPACED_KINDS], "verbs": ["get", "list", "watch"]},
    {"apiGroups": [GROUP], "resources": STATUSES, "verbs": ["get", "patch"]},
    {"apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["create", "patch"]},
]
CLUSTER_RULES = (
    [{"apiGroups": [GROUP], "resources": CLUSTER_KINDS, "verbs": ["get", "list", "watch"]}] if CLUSTER_KINDS else []
)


def pod_of(objects: list[Object]) -> Object:
    (deployment,) = [document for document in objects if document["kind"] == "Deployment"]
    pod: Object = deployment["spec"]["template"]["spec"]
    return pod


def env_of(objects: list[Object]) -> dict[str, Any]:
    return {
        entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in pod_of(objects)["containers"][0]["env"]
    }


@pytest.mark.parametrize(
    ("values", "granted"),
    [
        ({}, []),
        ({"secrets": {"allow": "names"}}, []),
        ({"secrets": {"allow": "names", "names": ["shop"]}}, [{"resourceNames": ["shop"]}]),
        ({"secrets": {"allow": "namespace"}}, [{}]),
        ({"secrets": {"allow": "namespace"}, "watchNamespaces": ["a", "b"]}, [{}, {}]),
    ],
)
def test_secrets_may_be_read_only_where_it_was_asked_for(
    render: Render, values: dict[str, Any], granted: list[dict[str, Any]]
) -> None:
    roles = [document for document in render(**values) if document["kind"] in {"Role", "ClusterRole"}]
    rules = [rule for role in roles for rule in role["rules"] if "secrets" in rule["resources"]]
    expected = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}
    assert rules == [expected | names for names in granted]


def test_helm_lint_finds_nothing_to_warn_of() -> None:
    report = helm_python.lint(CHART, strict=True, kube_version="v1.31.0")
    assert report["errors"] == []
    assert [message for message in report["messages"] if message["severity"] >= 2] == []


@pytest.mark.parametrize("version", ["1.31", "1.37"])
@pytest.mark.parametrize("values", VARIANTS)
def test_every_object_is_valid_for_kubernetes(render: Render, values: Object, version: str) -> None:
    objects = [document for document in render(**values) if document["kind"] != "CustomResourceDefinition"]
    assert objects
    for document in objects:
        kubernetes_validate.validate(document, version, strict=True)


@pytest.mark.parametrize("values", VARIANTS)
def test_every_namespaced_object_says_its_namespace(render: Render, values: Object) -> None:
    cluster_wide = {"ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition"}
    for document in render(**values):
        assert ("namespace" in document["metadata"]) == (document["kind"] not in cluster_wide)


@pytest.mark.parametrize("values", [pytest.param({}, id="SQLite"), pytest.param(POSTGRES, id="PostgreSQL")])
def test_every_container_meets_the_restricted_pod_security_standard(render: Render, values: Object) -> None:
    pod = pod_of(render(**values))
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == pod["securityContext"]["fsGroup"] == 65532
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in [*pod.get("initContainers", []), *pod["containers"]]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"name": "tmp", "mountPath": "/tmp"} in container["volumeMounts"]


def test_service_links_do_not_leak_into_the_settings(render: Render) -> None:
    assert pod_of(render())["enableServiceLinks"] is False


def test_the_operator_may_read_schedules_write_status_and_post_events_and_nothing_else(
    render: Render, pick: Pick
) -> None:
    objects = render(rbac={"aggregate": False})
    assert pick(objects, "ClusterRole")["rules"] == RULES + CLUSTER_RULES
    assert pick(objects, "ClusterRoleBinding")["subjects"] == [
        {"kind": "ServiceAccount", "name": "rel-scrape-operator", "namespace": "sys"}
    ]


def test_with_namespaces_the_operator_has_roles_there_and_reads_only_cluster_kinds_elsewhere(render: Render) -> None:
    objects = render(**NAMESPACED, rbac={"aggregate": False})
    roles = [document for document in objects if document["kind"] == "Role"]
    bindings = [document for document in objects if document["kind"] == "RoleBinding"]
    assert [role["metadata"]["namespace"] for role in roles] == ["shop", "news"]
    assert [binding["metadata"]["namespace"] for binding in bindings] == ["shop", "news"]
    assert all(role["rules"] == RULES for role in roles)
    assert all(binding["subjects"][0]["namespace"] == "sys" for binding in bindings)
    cluster_roles = [document for document in objects if document["kind"] == "ClusterRole"]
    assert [rule for role in cluster_roles for rule in role["rules"]] == CLUSTER_RULES
    assert env_of(objects)["SCRAPE_OPERATOR_NAMESPACES"] == "shop,news"


def test_the_clusters_own_roles_cover_schedules_but_let_nobody_write_status(render: Render) -> None:
    roles = {document["metadata"]["name"]: document for document in render() if document["kind"] == "ClusterRole"}
    view, edit = roles["rel-scrape-operator-view"], roles["rel-scrape-operator-edit"]
    assert view["metadata"]["labels"]["rbac.authorization.k8s.io/aggregate-to-view"] == "true"
    assert edit["metadata"]["labels"]["rbac.authorization.k8s.io/aggregate-to-edit"] == "true"
    assert view["rules"][0]["resources"] == [kind.plural for kind in NAMESPACED_KINDS] + STATUSES
    assert edit["rules"][0]["resources"] == ["scrapeschedules"]


def test_the_probes_ask_the_named_port(render: Render) -> None:
    container = pod_of(render(config={"listenPort": 9000}))["containers"][0]
    assert container["ports"] == [{"name": "http", "containerPort": 9000}]
    for probe, path in {"livenessProbe": "/healthz", "readinessProbe": "/readyz", "startupProbe": "/healthz"}.items():
        assert container[probe]["httpGet"] == {"path": path, "port": "http"}


def test_the_grace_period_is_longer_than_the_operators_own(render: Render) -> None:
    assert pod_of(render(config={"shutdownGraceSeconds": 90.5}))["terminationGracePeriodSeconds"] == 101


def test_by_default_sqlite_lies_on_a_claim_that_outlives_the_release(render: Render, pick: Pick) -> None:
    objects = render()
    claim = pick(objects, "PersistentVolumeClaim")
    assert claim["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    pod = pod_of(objects)
    assert {"name": "data", "persistentVolumeClaim": {"claimName": claim["metadata"]["name"]}} in pod["volumes"]
    assert {"name": "data", "mountPath": "/data"} in pod["containers"][0]["volumeMounts"]
    assert env_of(objects)["SCRAPE_OPERATOR_SQLITE_PATH"] == "/data/scrape-operator.db"
    assert "DATABASE_URL" not in env_of(objects)
    assert pick(objects, "Deployment")["spec"]["strategy"] == {"type": "Recreate"}


@pytest.mark.parametrize(
    ("persistence", "volume"),
    [
        pytest.param({"enabled": False}, {"name": "data", "emptyDir": {}}, id="no persistence"),
        pytest.param(
            {"existingClaim": "mine"},
            {"name": "data", "persistentVolumeClaim": {"claimName": "mine"}},
            id="a claim of the user's",
        ),
    ],
)
def test_no_claim_is_made_where_none_is_wanted(render: Render, persistence: Object, volume: Object) -> None:
    objects = render(persistence=persistence)
    assert "PersistentVolumeClaim" not in {document["kind"] for document in objects}
    assert volume in pod_of(objects)["volumes"]


def test_with_postgresql_the_schema_is_migrated_before_the_operator_starts(render: Render, pick: Pick) -> None:
    objects = render(**POSTGRES)
    pod = pod_of(objects)
    url = {"secretKeyRef": {"name": "pg", "key": "url"}}
    assert [container["args"] for container in pod["initContainers"]] == [["migrate"]]
    assert env_of(objects)["DATABASE_URL"] == url
    assert {"name": "DATABASE_URL", "valueFrom": url} in pod["initContainers"][0]["env"]
    assert "SCRAPE_OPERATOR_SQLITE_PATH" not in env_of(objects)
    assert [volume["name"] for volume in pod["volumes"]] == ["tmp"]
    assert "PersistentVolumeClaim" not in {document["kind"] for document in objects}
    assert pick(objects, "Deployment")["spec"]["strategy"]["type"] == "Recreate"


def test_every_setting_can_be_reached(render: Render) -> None:
    reached = set(env_of(render(watchNamespaces=["a"], config={"allowCidrs": ["10.0.0.0/8"], "userAgent": "x"})))
    reached |= set(env_of(render(**POSTGRES)))
    served = pod_of(render(resultsApi={"enabled": True, "certificates": "cert-manager"}))
    reached |= {entry["name"] for container in served["containers"] for entry in container["env"]}
    wanted = {
        str(field.validation_alias or f"SCRAPE_OPERATOR_{name}".upper())
        for name, field in Settings.model_fields.items()
    }
    assert reached == wanted


def test_the_charts_defaults_are_the_settings_own(render: Render, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Settings()
    for name, value in env_of(render()).items():
        if isinstance(value, str) and name != "SCRAPE_OPERATOR_SQLITE_PATH":
            monkeypatch.setenv(name, value)
    assert Settings().model_dump(exclude={"identity"}) == plain.model_dump(exclude={"identity"})


def test_lists_are_joined_and_the_pods_name_is_the_identity(render: Render) -> None:
    env = env_of(render(config={"allowCidrs": ["10.20.0.0/16", "fd00:1::/32"]}, intervalMinutes=7))
    assert env["SCRAPE_OPERATOR_ALLOW_CIDRS"] == "10.20.0.0/16,fd00:1::/32"
    assert env["SCRAPE_INTERVAL_MINUTES"] == "7"
    assert env["SCRAPE_OPERATOR_IDENTITY"] == {"fieldRef": {"fieldPath": "metadata.name"}}


def test_more_volumes_reach_every_container(render: Render) -> None:
    volume = {"name": "ca", "configMap": {"name": "ca"}}
    mount = {"name": "ca", "mountPath": "/etc/ca", "readOnly": True}
    pod = pod_of(render(**POSTGRES, volumes=[volume], volumeMounts=[mount]))
    assert volume in pod["volumes"]
    assert all(mount in container["volumeMounts"] for container in [*pod["initContainers"], *pod["containers"]])


def test_the_chart_and_the_operator_have_one_pattern_of_networks(chart: helm_python.Chart) -> None:
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    assert schema["properties"]["config"]["properties"]["allowCidrs"]["items"]["pattern"] == NETWORK_PATTERN


@pytest.mark.parametrize(
    "network", ["10.0.0.0/8", "0.0.0.0/0", "192.168.1.1/32", "fd00:1::/32", "::/0", "::ffff:10.0.0.0/104"]
)
def test_a_network_of_the_chart_is_one_of_the_operator(chart: helm_python.Chart, network: str) -> None:
    chart.validate_schema({"config": {"allowCidrs": [network]}})
    assert [str(allowed) for allowed in Settings(allow_cidrs=network).allow_cidrs] == [str(ip_network(network))]


@pytest.mark.parametrize("network", ["10.0.0/8", "10.0.0.0/33", "256.0.0.0/8", "::/129", "10.0.0.0/08", "a/8"])
def test_what_the_chart_refuses_the_operator_refuses_too(chart: helm_python.Chart, network: str) -> None:
    with pytest.raises(helm_python.HelmValuesError):
        chart.validate_schema({"config": {"allowCidrs": [network]}})
    with pytest.raises(ValidationError):
        Settings(allow_cidrs=network)


@pytest.mark.parametrize(
    ("image", "reference"),
    [
        pytest.param({"repository": "r/s"}, "r/s:0.1.0", id="the application's version"),
        pytest.param({"repository": "r/s", "tag": "edge"}, "r/s:edge", id="a tag"),
        pytest.param(
            {"repository": "r/s", "digest": "sha256:" + "0" * 64}, f"r/s:0.1.0@sha256:{'0' * 64}", id="a digest"
        ),
    ],
)
def test_the_image_is_as_asked(render: Render, image: Object, reference: str) -> None:
    assert pod_of(render(image=image))["containers"][0]["image"] == reference


def test_a_service_monitor_selects_the_service(render: Render, pick: Pick) -> None:
    objects = render(metrics={"serviceMonitor": {"enabled": True, "labels": {"release": "prom"}}})
    monitor, service = pick(objects, "ServiceMonitor"), pick(objects, "Service")
    wanted = monitor["spec"]["selector"]["matchLabels"]
    assert wanted.items() <= service["metadata"]["labels"].items()
    assert monitor["metadata"]["labels"]["release"] == "prom"
    assert monitor["spec"]["endpoints"][0]["port"] == service["spec"]["ports"][0]["name"]


def test_the_service_reaches_the_pods(render: Render, pick: Pick) -> None:
    objects = render()
    labels = pick(objects, "Deployment")["spec"]["template"]["metadata"]["labels"]
    assert pick(objects, "Service")["spec"]["selector"].items() <= labels.items()


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"replica": 1}, id="a misspelt name"),
        pytest.param({"config": {"logFormats": "json"}}, id="a misspelt setting"),
        pytest.param({"replicas": -1}, id="fewer than no replicas"),
        pytest.param({"replicas": 2, **POSTGRES}, id="two replicas"),
        pytest.param({"replicas": "two"}, id="a number in words"),
        pytest.param({"intervalMinutes": 0}, id="an interval of nothing"),
        pytest.param({"config": {"logLevel": "LOUD"}}, id="an unknown log level"),
        pytest.param({"config": {"allowCidrs": ["everything"]}}, id="a network that is none"),
        pytest.param({"config": {"allowCidrs": "10.0.0.0/8"}}, id="text where a list is wanted"),
        pytest.param({"config": {"listenPort": 70000}}, id="a port that is none"),
        pytest.param({"config": {"listenPort": None}}, id="no port at all"),
        pytest.param({"watchNamespaces": ["Shop"]}, id="a namespace that cannot be"),
        pytest.param({"image": {"digest": "sha256:12"}}, id="half a digest"),
        pytest.param({"persistence": {"size": "much"}}, id="a size that is none"),
        pytest.param({"persistence": {"accessModes": []}}, id="no access mode"),
        pytest.param({"database": {"url": "postgresql://u:p@h/d"}}, id="a database's URL in plain sight"),
    ],
)
def test_the_schema_refuses_nonsense(chart: helm_python.Chart, values: Object) -> None:
    with pytest.raises(helm_python.HelmValuesError):
        chart.validate_schema(values)


def test_the_crds_come_with_the_chart_and_stay_when_it_goes(render: Render) -> None:
    crds = [document for document in render() if document["kind"] == "CustomResourceDefinition"]
    assert [crd["spec"]["group"] for crd in crds] == ["scrape-operator.dev"] * len(crds)
    assert "scrapeschedules.scrape-operator.dev" in {crd["metadata"]["name"] for crd in crds}
    assert all(crd["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep" for crd in crds)


@pytest.mark.parametrize(
    ("crds", "kept"),
    [pytest.param({"install": False}, None, id="not installed"), pytest.param({"keep": False}, [False], id="not kept")],
)
def test_the_crds_can_be_left_out_or_let_go(render: Render, crds: Object, kept: list[bool] | None) -> None:
    found = [document for document in render(crds=crds) if document["kind"] == "CustomResourceDefinition"]
    assert [("helm.sh/resource-policy" in crd["metadata"].get("annotations", {})) for crd in found] == (
        kept or []
    ) * len(found)
