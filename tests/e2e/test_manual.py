"""Guides of the manual that end in a cluster, with an operator that runs their schedules."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.dev.controlplane.connection import Cluster
from tests.dev.demo.samples import SITE_URL
from tests.dev.site.site import DemoSite
from tests.docs.reading import DOCS, objects, read
from tests.docs.running import environment_of, prepare, run_all
from tests.e2e.process import Operator

pytestmark = pytest.mark.cluster


@pytest.mark.parametrize("name", ["first-schedule", "api-key"])
def test_the_schedule_of_a_guide_becomes_ready(
    control_plane: Cluster, start_operator: Callable[..., Operator], site: DemoSite, tmp_path: Path, name: str
) -> None:
    operator, page = start_operator(), read(DOCS / f"{name}.md")
    folder, replaced = tmp_path / "reader", {SITE_URL: site.url}
    folder.mkdir()
    prepare(folder, page, replaced)
    environment = environment_of(control_plane, operator.namespace, folder)
    run_all(page, folder, environment, replaced, has_operator=True)
    shown = [obj for obj in objects(page) if obj["kind"] == "ScrapeSchedule"]
    for obj in shown:
        operator.await_status(obj["metadata"]["name"], "condition=Ready")
