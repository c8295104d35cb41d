"""`scrape-operator lint` judges as the API server and the controller do, without a cluster."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scrape_operator.planning.schedule import validate
from tests.api.objects import RIGHT, WRONG
from tests.e2e.test_wrong_objects import BROKEN_SELECTORS, refused
from tests.support.preloaded import program


def lint(folder: Path, objects: Mapping[str, Any]) -> tuple[int, list[str]]:
    """Lint each object in a file of its own; give the exit code and what was printed."""
    for file, obj in objects.items():
        (folder / file).write_text(json.dumps(obj), encoding="utf-8")
    command = [program(), "lint", *objects]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stdout.splitlines()


def judged(folder: Path, objects: Sequence[dict[str, Any]]) -> list[list[tuple[str, str]]]:
    """Lint objects that are all wrong; give for each its lines, parted into object and the rest."""
    files = {f"{number}.yaml": obj for number, obj in enumerate(objects)}
    code, lines = lint(folder, files)
    assert code == 1
    found: dict[str, list[tuple[str, str]]] = {file: [] for file in files}
    for line in lines:
        file, name, finding = line.split(": ", 2)
        found[file].append((name, finding))
    return list(found.values())


def test_every_wrong_object_is_refused_with_one_line_that_names_the_field_and_a_remedy(tmp_path: Path) -> None:
    found = judged(tmp_path, [case.object() for case in WRONG])
    for case, lines in zip(WRONG, found, strict=True):
        [(name, finding)] = lines
        path, _colon, remedy = finding.partition(": ")
        assert (case.id, name, path) == (case.id, "ScrapeSchedule default/example", case.path)
        assert len(remedy.split()) > 2, case.id


def test_what_the_controller_alone_refuses_is_refused_too(tmp_path: Path) -> None:
    objects = refused()
    assert len(objects) > len(BROKEN_SELECTORS)
    found = judged(tmp_path, [obj for obj, _paths in objects])
    for (obj, paths), lines in zip(objects, found, strict=True):
        assert [finding.partition(": ")[0] for _name, finding in lines] == list(paths)
        assert {name for name, _finding in lines} == {f"ScrapeSchedule default/{obj['metadata']['name']}"}


def test_no_right_object_is_refused(tmp_path: Path) -> None:
    right = [obj for case in RIGHT if not validate(obj := case.object())]
    assert len(right) >= 25
    assert lint(tmp_path, {f"{number}.yaml": obj for number, obj in enumerate(right)}) == (0, [])
