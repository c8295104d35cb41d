"""The page on the results API, on a cluster where its first command has enabled the API."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from scrape_operator.storage.store import open_store
from tests.dev.controlplane.controlplane import ControlPlane
from tests.docs.reading import DOCS, read
from tests.docs.running import DATABASE, prepare, run_all
from tests.e2e.process import until
from tests.e2e.results_install import InstalledResults
from tests.storage.values import claim_of, items_of, result_of, settings_for, target_of
from tests.support.databases import make_sqlite

PAGE = DOCS / "results-api.md"


@pytest.fixture
def results(own_control_plane: ControlPlane, reader: dict[str, str], tmp_path: Path) -> Iterator[InstalledResults]:
    """What the pod would run, once the page has installed the chart."""
    url = f"sqlite:///{tmp_path}/scrape-operator.db"
    made = InstalledResults(own_control_plane, tmp_path, url, installed_in="scrape-operator")
    yield made
    made.uninstall()
    made.stop()


async def fill(url: str, namespace: str) -> None:
    async with open_store(settings_for(url)) as store:
        claim = claim_of(namespace=namespace)
        await store.claim(claim)
        await store.finish(result_of(claim, target_of(items_of(a="1"))))


def test_the_commands_of_the_page_work_after_its_first_one(
    results: InstalledResults, reader: dict[str, str], replaced: dict[str, str], tmp_path: Path
) -> None:
    page = read(PAGE)
    prepare(tmp_path, page, replaced)
    asyncio.run(fill(make_sqlite(tmp_path / DATABASE), reader["NAMESPACE"]))
    enabling, *others = page.commands
    assert enabling.text.startswith("helm upgrade --install")
    run_all(replace(page, commands=[enabling]), tmp_path, reader, replaced)
    results.connect()
    results.start()
    explain = ("explain", "scraperuns.status")
    until("its documents", lambda: "FIELDS" in results.plane.kubectl(*explain, check=False), within=60)
    run_all(replace(page, commands=others), tmp_path, reader, replaced)
    shown = results.plane.kubectl("get", "srun", "--namespace", reader["NAMESPACE"])
    assert shown.splitlines()[1].split()[1:3] == ["quotes", "Succeeded"]
