"""The samples are objects that this version supports, and applying them again changes nothing."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from scrape_operator.api.kinds.registry import KINDS
from scrape_operator.local.secrets import is_secret
from scrape_operator.planning.policies import policies_of
from scrape_operator.planning.schedule import validate
from tests.dev.controlplane.connection import Cluster
from tests.manifests.conftest import MANIFESTS, Object
from tests.support.merging import merged

SAMPLES_FOLDER = MANIFESTS / "samples"
SAMPLES = sorted(SAMPLES_FOLDER.rglob("*.yaml"))
NAMESPACE = "scrape-operator-test-samples"


@pytest.mark.parametrize("file", [pytest.param(file, id=file.stem) for file in SAMPLES])
def test_a_sample_is_accepted_and_supported(file: Path) -> None:
    documents = list(yaml.safe_load_all(file.read_text(encoding="utf-8")))
    for document in documents:
        assert "namespace" not in document["metadata"]
        if is_secret(document):
            continue
        assert validate(document, policies=policies_of(documents)) == ()


@pytest.fixture(scope="module")
def applied(control_plane: Cluster, crds: None) -> Iterator[Cluster]:
    """The control plane with the samples in the namespace SAMPLES_NAMESPACE."""
    control_plane.kubectl("create", "namespace", NAMESPACE)
    apply(control_plane)
    yield control_plane
    control_plane.delete_namespace(NAMESPACE)


def apply(cluster: Cluster) -> list[str]:
    """Apply the samples, and return kubectl's line of each."""
    return cluster.kubectl("apply", "-n", NAMESPACE, "-R", "-f", str(SAMPLES_FOLDER)).splitlines()


def live(cluster: Cluster) -> dict[tuple[str, str], Object]:
    """Return the samples as the API server has them, by kind and name."""
    resources = ",".join(kind.plural for kind in KINDS)
    listed = yaml.safe_load(cluster.kubectl("-n", NAMESPACE, "get", resources, "-o", "yaml"))["items"]
    return {(obj["kind"], obj["metadata"]["name"]): obj for obj in listed}


def test_applying_the_samples_again_changes_nothing(applied: Cluster) -> None:
    # kubectl patches stringData each time, since the API server keeps data alone
    ours = [line for line in apply(applied) if not line.startswith("secret/")]
    assert [line for line in ours if not line.endswith(" unchanged")] == []


def test_kubectl_diff_of_the_samples_is_empty(applied: Cluster) -> None:
    assert applied.kubectl("diff", "-n", NAMESPACE, "-R", "-f", str(SAMPLES_FOLDER)) == ""


@pytest.mark.parametrize("file", [pytest.param(file, id=file.stem) for file in SAMPLES])
def test_a_three_way_merge_finds_no_difference(applied: Cluster, file: Path) -> None:
    present = live(applied)
    ours = [each for each in yaml.safe_load_all(file.read_text(encoding="utf-8")) if not is_secret(each)]
    for wanted in ours:
        obj = present[wanted["kind"], wanted["metadata"]["name"]]
        annotations = obj["metadata"]["annotations"]
        last = json.loads(annotations["kubectl.kubernetes.io/last-applied-configuration"])
        # kubectl completes the manifest that it applies with the namespace and this annotation.
        wanted["metadata"] |= {"namespace": NAMESPACE, "annotations": annotations}
        assert merged(last, wanted, obj) == obj
