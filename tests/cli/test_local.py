"""`scrape-operator local`: the engine over files, without a cluster."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from scrape_operator.cli import app
from tests.dev.site.serving import SiteThread
from tests.dev.site.site import DemoSite
from tests.support.logs import restored_logging


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """The verb configures the logging of the process."""
    with restored_logging():
        yield


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[DemoSite]:
    monkeypatch.setenv("SCRAPE_OPERATOR_ALLOW_CIDRS", "127.0.0.0/8")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("SCRAPE_OPERATOR_SQLITE_PATH", raising=False)
    with SiteThread() as served:
        yield served


def write(folder: Path, name: str, url: str, **spec: object) -> None:
    fields = [{"name": "sku", "jmespath": "sku"}, {"name": "name", "jmespath": "name"}]
    extract = {"format": "JSON", "items": {"jmespath": "data[*]"}, "fields": fields, "key": ["sku"]}
    target = {"name": "api", "http": {"url": url}, "extract": extract}
    obj = {
        "apiVersion": "scrape-operator.dev/v1alpha1",
        "kind": "ScrapeSchedule",
        "metadata": {"name": name},
        "spec": {"interval": "1h", "targets": [target], **spec},
    }
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(obj))


def local(folder: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["local", str(folder), *options])


def test_once_runs_every_schedule_once_also_a_suspended_one(tmp_path: Path, site: DemoSite) -> None:
    write(tmp_path, "shop", f"{site.url}/api/products")
    write(tmp_path, "paused", f"{site.url}/api/products?per_page=5", suspend=True)
    result = local(tmp_path, "--once", "--show", "1")
    assert result.exit_code == 0, result.output
    assert " default/shop manual SUCCEEDED Succeeded items=50 new=50 changed=0 gone=0 " in result.stdout
    assert " default/paused manual SUCCEEDED Succeeded " in result.stdout
    assert site.counts["/api/products"] == 2
    assert result.stdout.count('api: {"sku":') == 2


def test_runs_and_items_are_in_a_database_beside_the_files(tmp_path: Path, site: DemoSite) -> None:
    write(tmp_path, "shop", f"{site.url}/api/products")
    local(tmp_path, "--once")
    with sqlite3.connect(tmp_path / "scrape-operator.db") as database:
        assert database.execute("SELECT status, name FROM scrape_runs").fetchall() == [("SUCCEEDED", "shop")]
        assert database.execute("SELECT count(*) FROM items").fetchone() == (50,)
    database.close()


def test_a_failed_run_makes_the_exit_code_1(tmp_path: Path, site: DemoSite) -> None:
    write(tmp_path, "shop", f"{site.url}/nowhere")
    result = local(tmp_path, "--once")
    assert result.exit_code == 1
    assert "default/shop manual FAILED HTTPStatus" in result.stdout


def test_a_refused_schedule_is_named_and_the_others_run(tmp_path: Path, site: DemoSite) -> None:
    write(tmp_path, "shop", f"{site.url}/api/products")
    write(tmp_path, "wrong", "ftp://nowhere")
    result = local(tmp_path, "--once")
    assert result.exit_code == 1
    assert "default/wrong: spec.targets[0].http.url" in result.stdout
    assert "default/shop manual SUCCEEDED" in result.stdout


def test_a_duration_ends_it(tmp_path: Path, site: DemoSite) -> None:
    write(tmp_path, "shop", f"{site.url}/api/products")
    result = local(tmp_path, "--for", "300ms")
    assert result.exit_code == 0, result.output
    assert "default/shop scheduled SUCCEEDED" in result.stdout
