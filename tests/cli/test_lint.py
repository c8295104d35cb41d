"""What `lint` reads: files, folders, lists, and which documents it leaves alone."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from scrape_operator.cli import main
from scrape_operator.cli.lint import lint_files
from tests.api.building import changed, smallest

CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}


def written(folder: Path, name: str, *documents: Any) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump_all(documents), encoding="utf-8")
    return file


def test_documents_of_other_kinds_are_skipped_and_counted(tmp_path: Path):
    file = written(tmp_path, "a.yaml", smallest(), CONFIG_MAP, None, CONFIG_MAP)
    report = lint_files([file])
    assert report.findings == []
    assert report.summary == "1 object checked, 2 documents of other kinds skipped, 0 findings"


def test_a_folder_stands_for_the_manifests_below_it(tmp_path: Path):
    written(tmp_path, "a.yaml", smallest())
    written(tmp_path, "deep/er/b.yml", smallest())
    (tmp_path / "c.json").write_text(json.dumps(smallest()))
    (tmp_path / "README.md").write_text("# no manifest")
    assert lint_files([tmp_path]).objects == 3


def test_the_items_of_a_list_are_checked(tmp_path: Path):
    listed = {"apiVersion": "v1", "kind": "List", "items": [smallest(), changed({"interval": "1d"}), CONFIG_MAP]}
    report = lint_files([written(tmp_path, "a.yaml", listed)])
    assert (report.objects, report.others, len(report.findings)) == (2, 1, 1)


@pytest.mark.parametrize(
    ("obj", "finding"),
    [
        ({"kind": "ScrapeSchedul"}, "kind: is not a kind of scrape-operator.dev/v1alpha1"),
        ({"apiVersion": "scrape-operator.dev/v1"}, "apiVersion: must be scrape-operator.dev/v1alpha1"),
        ({"apiVersion": "scrapeoperator.dev/v1alpha1"}, "apiVersion: must be scrape-operator.dev/v1alpha1"),
    ],
)
def test_a_misspelt_kind_or_version_is_a_finding_and_not_skipped(tmp_path: Path, obj: dict[str, Any], finding: str):
    report = lint_files([written(tmp_path, "a.yaml", smallest() | obj)])
    assert [line for line in report.findings if finding in line]


def test_files_without_any_object_are_a_finding(tmp_path: Path):
    report = lint_files([written(tmp_path, "a.yaml", CONFIG_MAP)])
    assert "has no object of scrape-operator.dev/v1alpha1" in report.findings[0]


def test_files_with_secrets_alone_lack_a_schedule(tmp_path: Path):
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}}
    [finding] = lint_files([written(tmp_path, "a.yaml", secret, secret | {"metadata": {"name": "b"}})]).findings
    assert finding.endswith("a.yaml: has a Secret, but no schedule and no policy: name the file of the schedule, too")
    assert "check apiVersion" in lint_files([written(tmp_path, "a.yaml", secret, CONFIG_MAP)]).findings[0]


@pytest.mark.parametrize("content", ["", "# nothing", "---\n"])
def test_a_file_without_a_document_is_said_to_be_empty(tmp_path: Path, content: str):
    (tmp_path / "a.yaml").write_text(content)
    [finding] = lint_files([tmp_path / "a.yaml"]).findings
    assert finding.startswith(f"{tmp_path / 'a.yaml'}: is empty: write a ScrapeSchedule to it; if a command should")


def test_objects_of_one_name_are_a_warning_that_names_both_files(tmp_path: Path):
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}}
    policy = {**smallest(), "kind": "ClusterScrapePolicy", "metadata": {"name": "default"}, "spec": {}}
    elsewhere = {**secret, "metadata": {"name": "a", "namespace": "elsewhere"}}
    first = written(tmp_path, "a.yaml", smallest(), secret, policy)
    second = written(tmp_path, "b.yaml", {**secret, "metadata": {"name": "a", "namespace": "default"}}, elsewhere)
    third = written(tmp_path, "c.yaml", smallest(), policy, policy)
    report = lint_files([tmp_path, first])
    assert (report.findings, report.objects) == ([], 5)
    remedy = "keep one of them, or rename it"
    assert sorted(report.warnings) == [
        f"{second}: warning: Secret default/a is in {first}, too: {remedy}",
        f"{third}: warning: ClusterScrapePolicy default is in {first}, too: {remedy}",
        f"{third}: warning: ClusterScrapePolicy default is in {first}, too: {remedy}",
        f"{third}: warning: ScrapeSchedule default/{smallest()['metadata']['name']} is in {first}, too: {remedy}",
    ]


def test_a_file_with_several_names_is_read_once(tmp_path: Path):
    file = written(tmp_path, "..data/a.yaml", smallest())
    (tmp_path / "a.yaml").symlink_to(file)
    report = lint_files([tmp_path, tmp_path / "a.yaml", file])
    assert (report.objects, report.warnings) == (1, [])


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(b"a: [", "is not YAML at line ", id="no YAML"),
        pytest.param(b"\xff\xfe\x00", "is not UTF-8", id="no text"),
        pytest.param(b"[" * 100_000, "is not YAML", id="deep nesting"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_finding_and_the_others_are_checked(
    tmp_path: Path, content: bytes, problem: str
):
    broken = tmp_path / "a.yaml"
    broken.write_bytes(content)
    report = lint_files([broken, tmp_path / "missing.yaml", written(tmp_path, "b.yaml", smallest())])
    assert problem in report.findings[0]
    assert "cannot be read: No such file" in report.findings[1]
    assert (len(report.findings), report.objects) == (2, 1)


def test_dates_without_quotes_are_text_as_for_kubectl(tmp_path: Path):
    file = tmp_path / "a.yaml"
    text = yaml.safe_dump(
        changed({"startTime": "2026-12-01T00:00:00Z", "targets.0.extract.fields.0.default": "2026-12-01"})
    )
    file.write_text(
        text.replace("'2026-12-01T00:00:00Z'", "2026-12-01T00:00:00Z").replace("'2026-12-01'", "2026-12-01")
    )
    assert "'2026" not in file.read_text()
    assert lint_files([file]).findings == []


@pytest.mark.parametrize(("obj", "code"), [(smallest(), 0), (changed({"interval": "1d"}), 1)])
def test_the_exit_code_says_whether_there_are_findings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], obj: dict[str, Any], code: int
):
    with pytest.raises(SystemExit) as ended:
        main(["lint", str(written(tmp_path, "a.yaml", obj))])
    assert ended.value.code == code
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == code
    assert "1 object checked" in said.err
