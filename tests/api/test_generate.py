"""The generated files are current, and `--check` says how to mend those that are not."""

from pathlib import Path

import pytest
import yaml

from scrape_operator.api.kinds.registry import KINDS
from scrape_operator.api.schema.crd import crd_yaml, crds
from scrape_operator.api.schema.generate import chart_template, main, rendered
from tests.support.paths import ROOT


def test_the_generated_files_are_current():
    for path, text in rendered(ROOT / "manifests").items():
        assert path.read_text("utf-8") == text, f"{path} is not current: make generate"


def test_check_names_the_file_and_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    assert main(["--check"]) == 1
    said = capsys.readouterr().err
    assert "scrape-operator.dev_scrapeschedules.yaml" in said
    assert "make generate" in said
    assert not list(tmp_path.iterdir())


def test_generating_twice_writes_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    assert main([]) == 0
    assert capsys.readouterr().out.count("wrote") == len(KINDS) + 2
    assert main([]) == 0
    assert main(["--check"]) == 0
    assert not capsys.readouterr().out


def test_the_yaml_is_the_definition():
    assert list(yaml.safe_load_all(crd_yaml())) == crds()


def test_braces_in_a_description_survive_the_chart():
    crd = crds()[0]
    crd["spec"]["names"]["singular"] = "{{ .Values.evil }}"
    template = chart_template([crd])
    assert "singular: '{{ \"{{\" }} .Values.evil }}'" in template
    assert template.count("{{- if") == template.count("{{- end }}") == 2
