"""A reader of the manual whose shell leads to a cluster; pages that need none are tested in the folder above."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scrape_operator.api.kinds.registry import KINDS
from tests.dev.controlplane.connection import Cluster
from tests.docs.running import environment_of


@pytest.fixture
def reader(control_plane: Cluster, crds: None, namespace: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a reader whose context is the namespace."""
    adopt_crds(control_plane)
    yield environment_of(control_plane, namespace, tmp_path)
    control_plane.kubectl("delete", "clusterscrapepolicies", "--all")
    control_plane.helm("uninstall", "scrape-operator", "--namespace", "scrape-operator", "--ignore-not-found")
    control_plane.kubectl("delete", "namespace", "scrape-operator", "--ignore-not-found", "--timeout=60s")


def adopt_crds(cluster: Cluster) -> None:
    """Make the CRDs a part of the release that the pages install: the control plane had them before."""
    release = "meta.helm.sh/release-name=scrape-operator", "meta.helm.sh/release-namespace=scrape-operator"
    for kind in KINDS:
        cluster.kubectl("label", "--overwrite", "crd", kind.crd_name, "app.kubernetes.io/managed-by=Helm")
        cluster.kubectl("annotate", "--overwrite", "crd", kind.crd_name, *release)
