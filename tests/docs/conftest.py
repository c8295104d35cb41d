"""What pages of the manual need to run: the demo site, and the addresses that stand for it in the pages."""

from collections.abc import Iterator

import pytest

from tests.dev.demo.samples import SITE_URL
from tests.dev.site.serving import SiteThread
from tests.dev.site.site import DemoSite

DATABASE_URL = "postgresql://scrape:replace-me@localhost/scrape"


@pytest.fixture
def site() -> Iterator[DemoSite]:
    with SiteThread() as served:
        yield served


@pytest.fixture
def replaced(site: DemoSite, postgres_url: str) -> dict[str, str]:
    """The addresses of this test, by those that pages have."""
    return {SITE_URL: site.url, DATABASE_URL: postgres_url}
