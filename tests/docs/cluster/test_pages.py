"""Every manifest in docs/ is accepted by the API server, and every command for a cluster works as it stands."""

from pathlib import Path

import pytest
import yaml

from tests.dev.controlplane.connection import Cluster
from tests.docs.reading import PAGES, objects, read
from tests.docs.running import needs_cluster, prepare, remember, run_all

SERVED_BY_ITSELF = "results-api"  # test_results_page
CLUSTER = [path for path in PAGES if needs_cluster(read(path)) and path.stem != SERVED_BY_ITSELF]


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in CLUSTER])
def test_the_manifests_and_commands_of_a_page_work(
    control_plane: Cluster, reader: dict[str, str], replaced: dict[str, str], tmp_path: Path, path: Path
) -> None:
    page = read(path)
    prepare(tmp_path, page, replaced)
    shown = [obj for each in PAGES for obj in objects(read(each))]  # pages refer to each other's examples
    control_plane.kubectl("apply", "--namespace", reader["NAMESPACE"], "-f", "-", input=yaml.safe_dump_all(shown))
    remember(tmp_path, shown)
    run_all(page, tmp_path, reader, replaced)
