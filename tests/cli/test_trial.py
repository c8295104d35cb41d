"""`scrape-operator test`: one run of a file's schedules, with nothing written."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from scrape_operator.cli import app
from tests.dev.site.serving import SiteThread

PAGE = """<html><body>
<div class=quote><span class=text>Less is more.</span><small>Ludwig</small></div>
<div class=quote><span class=text>Know your tools.</span></div>
</body></html>"""


def schedule(url: str = "https://quotes.example/", **extract: Any) -> dict[str, Any]:
    fields = [{"name": "text", "css": "span.text::text"}, {"name": "author", "css": "small::text"}]
    read = {"items": {"css": "div.quote"}, "fields": fields, **extract}
    target = {"name": "quotes", "http": {"url": url}, "extract": read}
    spec = {"interval": "5m", "targets": [target]}
    return {
        "apiVersion": "scrape-operator.dev/v1alpha1",
        "kind": "ScrapeSchedule",
        "metadata": {"name": "quotes"},
        "spec": spec,
    }


@pytest.fixture
def page(tmp_path: Path) -> Path:
    (tmp_path / "page.html").write_text(PAGE)
    return tmp_path / "page.html"


def trial(folder: Path, obj: dict[str, Any], *options: str) -> Result:
    file = folder / "schedule.yaml"
    file.write_text(yaml.safe_dump(obj))
    return CliRunner().invoke(app, ["test", str(file), *options])


def test_a_saved_body_gives_its_items_in_the_order_of_the_document(tmp_path: Path, page: Path) -> None:
    result = trial(tmp_path, schedule(), "--body", str(page), "-o", "json")
    assert result.exit_code == 0, result.output
    [shown] = json.loads(result.stdout)
    [target] = shown.pop("targets")
    assert shown == {"schedule": "default/quotes", "status": "SUCCEEDED", "reason": "Succeeded", "message": ""}
    assert (target["name"], target["httpStatus"], target["pages"]) == ("quotes", 200, 1)
    assert target["items"] == [
        {"text": "Less is more.", "author": "Ludwig"},
        {"text": "Know your tools.", "author": None},
    ]


def test_a_person_sees_items_figures_and_coverage(tmp_path: Path, page: Path) -> None:
    result = trial(tmp_path, schedule(), "--body", str(page), "--show", "1")
    assert "default/quotes: SUCCEEDED Succeeded" in result.stdout
    assert "Less is more." in result.stdout
    assert "Know your tools." not in result.stdout
    assert "1 more: raise --show to see them" in result.stdout
    assert "field author: found in 1 of 2 items" in result.stdout


def test_a_selector_that_finds_nothing_exits_with_1(tmp_path: Path, page: Path) -> None:
    result = trial(tmp_path, schedule(items={"css": "div.qoute"}), "--body", str(page), "-o", "json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)[0]["reason"] == "SelectorMissed"


def test_a_refused_spec_is_a_failed_run_that_names_the_field(tmp_path: Path) -> None:
    result = trial(tmp_path, schedule(items={"css": "div["}), "-o", "json")
    assert result.exit_code == 1
    [shown] = json.loads(result.stdout)
    assert (shown["status"], shown["reason"], shown["targets"]) == ("FAILED", "InvalidSpec", [])
    assert shown["message"].startswith("spec.targets[0].extract.items")


def test_url_replaces_the_address_of_the_first_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRAPE_OPERATOR_ALLOW_CIDRS", "127.0.0.0/8")
    fields = [{"name": "name", "jmespath": "name"}]
    api = schedule(items={"jmespath": "data[*]"}, fields=fields)
    with SiteThread() as site:
        result = trial(tmp_path, api, "--url", f"{site.url}/api/products", "-o", "json")
        assert site.counts["/api/products"] == 1
    [shown] = json.loads(result.stdout)
    assert shown["targets"][0]["items"]


def test_a_file_without_a_schedule_is_said_so(tmp_path: Path) -> None:
    result = trial(tmp_path, {"kind": "Pod"})
    assert result.exit_code == 1
    assert "no ScrapeSchedule found" in str(result.exception)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["test", str(tmp_path / "absent.yaml")])
    assert f"{tmp_path / 'absent.yaml'}: cannot be read" in str(result.exception)
