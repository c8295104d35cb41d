"""The commands of pages that need no cluster work: they run as they stand, on the demo site."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from scrape_operator.planning.policies import policies_of
from scrape_operator.planning.schedule import validate
from tests.dev.demo.samples import SITE_URL
from tests.dev.site.serving import SiteThread
from tests.dev.site.site import DemoSite
from tests.docs.reading import PAGES, objects, read
from tests.docs.running import DATABASE, needs_cluster, prepare, run_all
from tests.support.databases import make_sqlite
from tests.support.preloaded import programs

GROUP = "scrape-operator.dev/"
LOCAL = [path for path in PAGES if (page := read(path)).commands and not needs_cluster(page)]


@pytest.fixture
def site() -> Iterator[DemoSite]:
    with SiteThread() as served:
        yield served


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in PAGES])
def test_the_schedules_of_a_page_pass_lint(path: Path) -> None:
    shown_here = objects(read(path))
    for obj in shown_here:
        if str(obj["apiVersion"]).startswith(GROUP):
            assert validate(obj, policies=policies_of(shown_here)) == ()


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in LOCAL])
def test_the_commands_of_a_page_work(site: DemoSite, tmp_path: Path, path: Path) -> None:
    page = read(path)
    environment = {
        "PATH": f"{programs()}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "COLUMNS": "120",
        "SCRAPE_OPERATOR_ALLOW_CIDRS": "127.0.0.0/8",
    }
    prepare(tmp_path, page, {SITE_URL: site.url})
    make_sqlite(tmp_path / DATABASE)
    run_all(page, tmp_path, environment, {SITE_URL: site.url})
