import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from scrape_operator.core.errors import InvalidValue
from scrape_operator.local.files import Changes, ScheduleFiles


def schedule(name: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "scrape-operator.dev/v1alpha1",
        "kind": "ScrapeSchedule",
        "metadata": {"name": name},
        "spec": spec,
    }


def read(file: Path) -> Sequence[Mapping[str, Any]]:
    try:
        return [document for document in yaml.safe_load_all(file.read_text()) if document]
    except yaml.YAMLError as error:
        raise InvalidValue("no YAML") from error


def write(file: Path, *objects: dict[str, Any], at: int = 1) -> None:
    file.write_text(yaml.safe_dump_all(objects))
    os.utime(file, (at, at))


def names(changes: Changes) -> list[str]:
    return [obj["metadata"]["name"] for obj in changes.applied]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "two.yaml", schedule("a", interval="1m"), schedule("b", interval="1m"))
    (tmp_path / "below").mkdir()
    write(tmp_path / "below" / "one.yml", schedule("c", interval="1m"))
    write(tmp_path / "notes.txt", schedule("d", interval="1m"))
    return tmp_path


def test_a_folder_stands_for_the_files_in_it_and_below_it(folder: Path) -> None:
    assert names(ScheduleFiles([folder], read).refresh()) == ["c", "a", "b"]


def test_nothing_changes_while_no_file_is_written(folder: Path) -> None:
    files = ScheduleFiles([folder], read)
    files.refresh()
    assert files.refresh() == Changes()


def test_an_edit_applies_the_schedules_that_differ_with_a_later_generation(folder: Path) -> None:
    files = ScheduleFiles([folder], read)
    before = {obj["metadata"]["name"]: obj["metadata"] for obj in files.refresh().applied}
    write(folder / "two.yaml", schedule("a", interval="1m"), schedule("b", interval="2m"), at=5)
    [changed] = files.refresh().applied
    assert changed["metadata"]["name"] == "b"
    assert changed["metadata"]["generation"] > before["b"]["generation"]
    assert changed["metadata"]["uid"] == before["b"]["uid"]


def test_a_schedule_that_is_in_no_file_any_more_is_removed(folder: Path) -> None:
    files = ScheduleFiles([folder], read)
    [uid] = [obj["metadata"]["uid"] for obj in files.refresh().applied if obj["metadata"]["name"] == "c"]
    (folder / "below" / "one.yml").unlink()
    assert files.refresh() == Changes(removed=(uid,))


def test_a_file_that_cannot_be_read_is_reported_and_changes_nothing(folder: Path) -> None:
    files = ScheduleFiles([folder], read)
    files.refresh()
    (folder / "two.yaml").write_text("{")
    changes = files.refresh()
    assert (changes.applied, changes.removed) == ((), ())
    assert changes.problems == (f"{folder / 'two.yaml'}: no YAML",)


def test_objects_of_other_kinds_are_left_alone(tmp_path: Path) -> None:
    write(tmp_path / "pod.yaml", {"apiVersion": "v1", "kind": "Pod"}, schedule("a"))
    assert names(ScheduleFiles([tmp_path / "pod.yaml"], read).refresh()) == ["a"]
