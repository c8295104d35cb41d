import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from scrape_operator.core.errors import InvalidValue
from scrape_operator.local.contents import SETTLE_SECONDS
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


class Looks:
    """Looks at files at times that the test says."""

    def __init__(self, *paths: Path) -> None:
        self.seconds = 0.0
        self.files = ScheduleFiles(paths, read, lambda: self.seconds)
        self.at_first = self.files.refresh()

    def now(self) -> Changes:
        return self.files.refresh()

    def after(self, seconds: float) -> Changes:
        self.seconds += seconds
        return self.files.refresh()


def uid_of(changes: Changes, name: str) -> str:
    [uid] = [obj["metadata"]["uid"] for obj in changes.applied if obj["metadata"]["name"] == name]
    return str(uid)


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


@pytest.mark.parametrize("at", [1, 0])
def test_an_edit_that_does_not_look_later_is_a_later_generation(folder: Path, at: int) -> None:
    looks = Looks(folder)
    [before] = [obj["metadata"]["generation"] for obj in looks.at_first.applied if obj["metadata"]["name"] == "c"]
    for number, interval in enumerate(("20m", "300m"), start=1):
        write(folder / "below" / "one.yml", schedule("c", interval=interval), at=at)
        [changed] = looks.after(1).applied
        assert (changed["spec"]["interval"], changed["metadata"]["generation"]) == (interval, before + number)


def test_a_generation_that_a_file_states_says_nothing(tmp_path: Path) -> None:
    exported = schedule("a", interval="1m")
    exported["metadata"] |= {"generation": 7, "uid": "uid-1"}
    write(tmp_path / "a.yaml", exported)
    looks = Looks(tmp_path)
    write(tmp_path / "a.yaml", {**exported, "spec": {"interval": "2m"}}, at=5)
    [before], [after] = looks.at_first.applied, looks.now().applied
    assert after["metadata"]["generation"] > before["metadata"]["generation"]


def test_all_schedules_are_applied_again_after_a_change_of_policies(folder: Path) -> None:
    looks = Looks(folder)
    write(folder / "policy.yaml", {**schedule("default", ceilings={"requestsPerDay": 2}), "kind": "ScrapePolicy"})
    changes = looks.now()
    assert changes.policies is not None
    generations = {obj["metadata"]["name"]: obj["metadata"]["generation"] for obj in changes.applied}
    assert generations == {obj["metadata"]["name"]: obj["metadata"]["generation"] for obj in looks.at_first.applied}


def test_a_document_that_is_removed_from_a_file_is_removed_at_once(folder: Path) -> None:
    looks = Looks(folder)
    write(folder / "two.yaml", schedule("b", interval="1m"), at=5)
    assert looks.now() == Changes(removed=(uid_of(looks.at_first, "a"),))


def test_a_file_that_is_removed_counts_until_the_next_look(folder: Path) -> None:
    looks = Looks(folder)
    (folder / "below" / "one.yml").unlink()
    assert looks.now() == looks.after(SETTLE_SECONDS / 2) == Changes()
    assert looks.after(SETTLE_SECONDS / 2) == Changes(removed=(uid_of(looks.at_first, "c"),))
    assert looks.after(9) == Changes()


def test_a_schedule_that_moves_to_another_file_stays(folder: Path) -> None:
    looks = Looks(folder)
    (folder / "below" / "one.yml").replace(folder / "moved.yaml")
    write(folder / "moved.yaml", schedule("c", interval="3m"), at=5)
    assert names(looks.now()) == ["c"]
    assert looks.after(1) == Changes()


@pytest.mark.parametrize("content", ["", "\n", "# nothing\n", "---\n"])
def test_an_empty_file_counts_as_before_until_the_next_look(folder: Path, content: str) -> None:
    looks = Looks(folder)
    (folder / "two.yaml").write_text(content)
    assert looks.now() == Changes(
        notices=(f"{folder / 'two.yaml'}: is empty: what it held counts until the next look",)
    )
    assert looks.after(SETTLE_SECONDS / 2) == Changes()
    removed = {uid_of(looks.at_first, name) for name in ("a", "b")}
    gone = looks.after(SETTLE_SECONDS / 2)
    assert (set(gone.removed), gone.notices) == (removed, ())
    assert looks.after(9) == Changes()


@pytest.mark.parametrize("half_saved", ["", "{", None])
def test_a_file_that_is_saved_in_two_steps_is_an_edit_and_nothing_else(folder: Path, half_saved: str | None) -> None:
    looks = Looks(folder)
    if half_saved is None:
        (folder / "two.yaml").unlink()
    else:
        (folder / "two.yaml").write_text(half_saved)
    first = looks.now()
    assert (first.applied, first.removed, first.problems) == ((), (), ())
    write(folder / "two.yaml", schedule("a", interval="1m"), schedule("b", interval="2m"), at=5)
    second = looks.after(9)
    assert (names(second), second.removed, second.problems) == (["b"], (), ())


def test_a_syntax_error_that_stays_is_a_problem_and_takes_nothing_away(folder: Path) -> None:
    looks = Looks(folder)
    (folder / "two.yaml").write_text("{")
    place = folder / "two.yaml"
    assert looks.now() == Changes(notices=(f"{place}: no YAML: it is read again, as it may be being saved",))
    assert looks.after(1) == Changes(problems=(f"{place}: no YAML; what it held before still counts",))
    assert looks.after(1) == Changes()
    write(place, schedule("a", interval="1m"), at=5)
    assert looks.after(1) == Changes(removed=(uid_of(looks.at_first, "b"),))


def test_nothing_is_applied_while_two_objects_have_one_name(folder: Path) -> None:
    looks = Looks(folder)
    write(folder / "two.yaml", schedule("a", interval="1m"), schedule("c", interval="9m"), at=5)
    place, first = folder / "two.yaml", folder / "below" / "one.yml"
    message = f"{place}: ScrapeSchedule default/c is in {first}, too: keep one of them, or rename it"
    assert looks.now() == Changes(problems=(message,))
    assert looks.after(1) == Changes()
    first.unlink()
    looks.now()
    resolved = looks.after(1)
    assert (names(resolved), resolved.removed) == (["c"], (uid_of(looks.at_first, "b"),))


def test_other_files_are_followed_while_one_is_wrong(folder: Path) -> None:
    looks = Looks(folder)
    (folder / "two.yaml").write_text("{")
    write(folder / "below" / "one.yml", schedule("c", interval="2m"), at=5)
    assert names(looks.now()) == ["c"]


def test_nothing_is_applied_while_a_file_was_never_readable(folder: Path) -> None:
    (folder / "policy.yaml").write_text("{")
    looks = Looks(folder)
    assert looks.at_first == Changes(problems=(f"{folder / 'policy.yaml'}: no YAML",))
    write(folder / "two.yaml", schedule("a", interval="9m"), at=5)
    assert looks.after(1) == Changes()
    (folder / "policy.yaml").unlink()
    assert names(looks.after(1)) == ["c", "a"]


def test_a_policy_that_is_being_saved_still_counts(folder: Path) -> None:
    spec = {"ceilings": {"requestsPerDay": 2}}
    policy = {**schedule("default", **spec), "kind": "ScrapePolicy"}
    write(folder / "policy.yaml", policy)
    looks = Looks(folder)
    assert looks.at_first.policies is not None
    (folder / "policy.yaml").write_text("")
    assert looks.now().policies is None
    write(folder / "policy.yaml", policy, at=5)
    assert looks.after(9).policies is None


def test_objects_of_other_kinds_are_left_alone(tmp_path: Path) -> None:
    write(tmp_path / "pod.yaml", {"apiVersion": "v1", "kind": "Pod"}, schedule("a"))
    assert names(ScheduleFiles([tmp_path / "pod.yaml"], read).refresh()) == ["a"]


def test_secrets_of_any_file_are_told_when_they_change(folder: Path) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "shop"}, "stringData": {"token": "a"}}
    write(folder / "secret.yaml", secret)
    looks = Looks(folder)
    assert looks.at_first.secrets == {("default", "shop"): secret}
    write(folder / "two.yaml", schedule("a", interval="9m"), at=5)
    assert looks.now().secrets is None
    (folder / "secret.yaml").unlink()
    assert looks.now() == Changes()
    assert looks.after(1) == Changes(secrets={})
