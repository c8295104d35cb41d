"""The CRDs of this tree on the shared control plane."""

from pathlib import Path

import pytest

from tests.cluster.connection import Cluster

CRDS = Path(__file__).parents[2] / "manifests" / "crds"


@pytest.fixture(scope="session")
def served_crds(control_plane: Cluster) -> None:
    control_plane.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(CRDS))
    control_plane.kubectl("wait", "--for=condition=Established", "--timeout=30s", "-f", str(CRDS))
