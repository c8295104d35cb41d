"""`scrape-operator test`: one run of a file's schedules, with nothing written."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from scrape_operator.cli import app
from tests.dev.site.members import PASSWORD, USERNAME
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


def test_a_field_that_no_item_has_is_explained_once(tmp_path: Path, page: Path) -> None:
    fields = [{"name": "text", "css": "span.text::text"}, {"name": "author", "css": "b.author::text"}]
    result = trial(tmp_path, schedule(fields=fields), "--body", str(page))
    [line] = [line.strip() for line in result.stdout.splitlines() if "field author: " in line]
    hint = "in the first item `b` matches nothing: there are the elements span, small"
    assert line == f"warning: field author: found in 0 of 2 items: {hint}"


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


@pytest.mark.parametrize("verb", ["test", "next"])
def test_an_empty_file_is_said_so(tmp_path: Path, verb: str) -> None:
    (tmp_path / "empty.yaml").touch()
    result = CliRunner().invoke(app, [verb, str(tmp_path / "empty.yaml")])
    assert result.exit_code == 1
    assert f"{tmp_path / 'empty.yaml'}: is empty: write a ScrapeSchedule to it" in f"{result.exception}{result.stdout}"


@pytest.mark.parametrize("kind", ["Secret", "ScrapePolicy", "ScrapeSchedule"])
def test_objects_of_one_name_are_an_error_that_names_both_files(tmp_path: Path, page: Path, kind: str) -> None:
    version = "v1" if kind == "Secret" else "scrape-operator.dev/v1alpha1"
    obj = {"apiVersion": version, "kind": kind, "metadata": {"name": "twice"}, "spec": {}}
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(yaml.safe_dump(obj))
    result = CliRunner().invoke(app, ["test", str(tmp_path), "--body", str(page)])
    places = f"{tmp_path / 'b.yaml'}: {kind} default/twice is in {tmp_path / 'a.yaml'}, too"
    assert str(result.exception) == f"{places}: keep one of them, or rename it"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["test", str(tmp_path / "absent.yaml")])
    assert f"{tmp_path / 'absent.yaml'}: cannot be read" in str(result.exception)


def test_secrets_and_policies_are_read_from_all_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRAPE_OPERATOR_ALLOW_CIDRS", "127.0.0.0/8")
    obj = schedule(items={"jmespath": "data[*]"}, fields=[{"name": "sku", "jmespath": "sku"}])
    http = {"auth": {"basic": {"secretRef": {"name": "login"}}}}
    secret = {"kind": "Secret", "stringData": {"username": USERNAME, "password": PASSWORD}}
    secret |= {"apiVersion": "v1", "metadata": {"name": "login"}}
    policy = {"kind": "ScrapePolicy", "spec": {"userAgent": "Policy/1.0"}}
    policy |= {"apiVersion": "scrape-operator.dev/v1alpha1", "metadata": {"name": "default", "namespace": "default"}}
    (tmp_path / "others.yaml").write_text(yaml.safe_dump_all([secret, policy]))
    with SiteThread() as site:
        obj["spec"]["targets"][0]["http"] |= http
        file = tmp_path / "schedule.yaml"
        file.write_text(yaml.safe_dump(obj))
        result = CliRunner().invoke(app, ["test", str(tmp_path), "--url", f"{site.url}/members/basic"])
        assert site.seen[-1].headers["User-Agent"] == "Policy/1.0"
    assert result.exit_code == 0, result.output
    assert "20 items" in result.stdout
    assert PASSWORD not in result.stdout


def test_a_saved_body_needs_no_secret(tmp_path: Path, page: Path) -> None:
    obj = schedule()
    obj["spec"]["targets"][0]["http"]["proxySecretRef"] = {"name": "absent"}
    assert trial(tmp_path, obj, "--body", str(page)).exit_code == 0


def api_schedule(url: str) -> dict[str, Any]:
    return schedule(url, items={"jmespath": "data[*]"}, fields=[{"name": "sku", "jmespath": "sku"}], key=["sku"])


def test_each_request_has_its_phases_bytes_and_verdicts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRAPE_OPERATOR_ALLOW_CIDRS", "127.0.0.0/8")
    with SiteThread() as site:
        result = trial(tmp_path, api_schedule(f"{site.url}/api/products"), "-o", "json")
        shown = trial(tmp_path, api_schedule(f"{site.url}/api/products")).stdout
    [target] = json.loads(result.stdout)[0]["targets"]
    [request] = target["trace"]
    assert (request["method"], request["status"], request["problem"]) == ("GET", 200, "")
    assert request["address"] == "127.0.0.1"
    assert request["guard"].startswith("allowed by SCRAPE_OPERATOR_ALLOW_CIDRS")
    assert request["robots"] == "allowed: no rule of robots.txt names it"
    assert request["bytes"] == target["bytes"] > 0
    assert request["waitSeconds"] > 0
    assert request["extractSeconds"] > 0
    assert (
        sum(request[f"{phase}Seconds"] for phase in ("dns", "connect", "wait", "download"))
        < target["durationSeconds"] + 0.001
    )
    assert target["found"] == {"sku": 100}
    assert "dns 0 ms, connect 0 ms, wait " in shown
    assert "robots: allowed: no rule of robots.txt names it; address 127.0.0.1: allowed by" in shown
    assert "selectors matched: sku 100 %" in shown


def test_an_address_that_is_refused_is_named(tmp_path: Path) -> None:
    with SiteThread() as site:
        shown = trial(tmp_path, api_schedule(f"{site.url}/api/products"))
        assert not site.counts
    assert shown.exit_code == 1
    assert "BlockedAddress" in shown.stdout


def test_a_policy_that_ignores_robots_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRAPE_OPERATOR_ALLOW_CIDRS", "127.0.0.0/8")
    policy = {
        "apiVersion": "scrape-operator.dev/v1alpha1",
        "kind": "ClusterScrapePolicy",
        "metadata": {"name": "default"},
        "spec": {"robots": "Ignore"},
    }
    file = tmp_path / "all.yaml"
    with SiteThread() as site:
        file.write_text(yaml.safe_dump_all([policy, api_schedule(f"{site.url}/api/products")]))
        shown = CliRunner().invoke(app, ["test", str(file), "-o", "json"])
        assert site.counts["/robots.txt"] == 0
    [request] = json.loads(shown.stdout)[0]["targets"][0]["trace"]
    assert request["robots"] == "not read: a policy has robots: Ignore"


def test_a_saved_body_becomes_a_regression_test(tmp_path: Path, page: Path) -> None:
    def run(*options: str) -> Result:
        return trial(tmp_path, schedule(), "--body", str(page), "--show", "0", *options)

    assert run().exit_code == 0
    assert not (tmp_path / "expect.json").exists()
    assert run("--update").exit_code == 0
    assert run().exit_code == 0
    page.write_text(PAGE.replace("Ludwig", "Mies"))
    changed = run()
    assert changed.exit_code == 1
    assert [line.strip() for line in changed.stdout.splitlines() if line.startswith(("-  ", "+  "))] == [
        '-            "author": "Ludwig"',
        '+            "author": "Mies"',
    ]
    as_json = run("-o", "json")
    assert as_json.exit_code == 1
    assert json.loads(as_json.stdout)[0]["status"] == "SUCCEEDED"
    assert run("--update").exit_code == 0
    assert run().exit_code == 0


def test_each_saved_body_of_a_folder_has_an_expected_result_of_its_own(tmp_path: Path, page: Path) -> None:
    def run(body: Path, *options: str) -> int:
        return trial(tmp_path, schedule(), "--body", str(body), *options).exit_code

    def names() -> set[str]:
        return {file.name for file in tmp_path.glob("*expect.json")}

    other = tmp_path / "page.htm"
    other.write_text(PAGE.replace("Ludwig", "Mies"))
    assert [run(page, "--update"), run(other)] == [0, 0]
    assert [run(other, "--update"), run(page, "--update")] == [0, 0]
    assert names() == {"expect.json", "page.htm.expect.json"}
    assert [run(page), run(other)] == [0, 0]
    other.write_text(PAGE)
    assert [run(page), run(other)] == [0, 1]
    page.unlink()
    (tmp_path / "page.htm.expect.json").unlink()
    assert run(other) == 0
    other.write_text(PAGE.replace("Ludwig", "Mies"))
    assert run(other) == 1


def test_an_expected_result_of_an_older_version_is_compared(tmp_path: Path, page: Path) -> None:
    trial(tmp_path, schedule(), "--body", str(page), "--update")
    [record] = json.loads((tmp_path / "expect.json").read_text())
    del record["body"]
    (tmp_path / "expect.json").write_text(json.dumps([record]))
    assert trial(tmp_path, schedule(), "--body", str(page)).exit_code == 0
    page.write_text(PAGE.replace("Ludwig", "Mies"))
    assert trial(tmp_path, schedule(), "--body", str(page)).exit_code == 1


def test_an_expected_failure_is_as_expected(tmp_path: Path, page: Path) -> None:
    wrong = schedule(items={"css": "div.qoute"})
    assert trial(tmp_path, wrong, "--body", str(page)).exit_code == 1
    assert trial(tmp_path, wrong, "--body", str(page), "--update").exit_code == 0
    assert trial(tmp_path, wrong, "--body", str(page)).exit_code == 0
    assert trial(tmp_path, schedule(), "--body", str(page)).exit_code == 1


def test_what_is_expected_must_be_readable(tmp_path: Path, page: Path) -> None:
    (tmp_path / "expect.json").write_text("{")
    assert "write it anew by --update" in str(trial(tmp_path, schedule(), "--body", str(page)).exception)
    assert trial(tmp_path, schedule(), "--update").exit_code != 0
