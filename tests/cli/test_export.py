"""Many rows are printed in constant memory, and a reader may stop early."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.many_items import fill, print_items
from tests.support.preloaded import program

FEW, MANY = 500, 20_000
MEMORY_MIB = 100
GROWTH_MIB = 6
"""What the difference between few and many rows may cost. Held in memory, the many would take about 40 MiB."""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("many") / "runs.db"
    fill(path, MANY)
    return path


def test_memory_does_not_grow_with_the_number_of_rows(file: Path) -> None:
    few = print_items(file, "items", "quotes", "-o", "csv", "--limit", str(FEW))
    many = print_items(file, "items", "quotes", "-o", "csv", "--limit", "0")
    assert (few.lines, many.lines) == (FEW + 1, MANY + 1)
    assert many.peak_mib < MEMORY_MIB
    assert many.peak_mib - few.peak_mib <= GROWTH_MIB


def test_export_prints_all_items(file: Path) -> None:
    assert print_items(file, "export", "quotes", "-o", "ndjson", "--columns", "sku,price").lines == MANY


@pytest.mark.parametrize("form", ["csv", "ndjson", "json"])
def test_a_reader_may_stop_early(file: Path, form: str) -> None:
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{file}"}
    command = f"{program()} export quotes -o {form} | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True, check=True)
    line, code = done.stdout.splitlines()
    assert (code, done.stderr) == ("141", "")
    assert line
