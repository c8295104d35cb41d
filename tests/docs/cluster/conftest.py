"""A reader of the manual whose shell leads to a cluster; pages that need none are tested in the folder above."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scrape_operator.api.kinds.registry import KINDS
from tests.dev.controlplane.connection import Cluster
from tests.docs.running import environment_of


@pytest.fixture
def reader(control_plane: Cluster, adopted_crds: None, namespace: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a reader whose context is the namespace."""
    yield environment_of(control_plane, namespace, tmp_path)
    control_plane.kubectl("delete", "clusterscrapepolicies", "--all")
    control_plane.helm("uninstall", "scrape-operator", "--namespace", "scrape-operator", "--ignore-not-found")
    control_plane.kubectl("delete", "namespace", "scrape-operator", "--ignore-not-found", "--timeout=60s")


@pytest.fixture(scope="session")
def adopted_crds(control_plane: Cluster, crds: None) -> None:
    """Make the CRDs a part of the release that the pages install: the control plane had them before.

    They stay when a release goes. Each change of a CRD costs the API server half a second of CPU time.
    """
    release = "meta.helm.sh/release-name=scrape-operator", "meta.helm.sh/release-namespace=scrape-operator"
    names = [kind.crd_name for kind in KINDS]
    control_plane.kubectl("label", "--overwrite", "crd", *names, "app.kubernetes.io/managed-by=Helm")
    control_plane.kubectl("annotate", "--overwrite", "crd", *names, *release)
