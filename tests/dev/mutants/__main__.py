"""`make mutants ARGS='COUNT SEED [FOLDER]'`: how many random mutants of core the tests of core and scheduling find.

A mutant is killed when a test fails or does not end. One that lives shows a missing test, or a line that changes
nothing. The figures depend on the seed and on nothing else.
"""

import argparse
import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

from tests.dev.mutants.mutations import Mutant, mutants_of
from tests.support.paths import ROOT

SOURCE = ROOT / "operator"
SUITES = ("tests/core", "tests/scheduling")
TIMEOUT_SECONDS = 240


def main() -> int:
    """Run the sample; exit 1 where fewer than the wanted share were killed."""
    arguments = _arguments()
    sample = _sample(arguments.folder, arguments.count, arguments.seed)
    if not _passes(SOURCE, SUITES):
        print("the tests fail without a mutant: mend them first")
        return 1
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        lives = [mutant for mutant, lived in zip(sample, pool.map(_report, sample), strict=True) if lived]
    killed = len(sample) - len(lives)
    for mutant in lives:
        print(f"lived: {mutant}")
    print(f"{killed} of {len(sample)} mutants killed ({100 * killed / len(sample):.1f} %), seed {arguments.seed}")
    return int(killed < arguments.wanted / 100 * len(sample))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=100, help="how many mutants to draw")
    parser.add_argument("seed", nargs="?", default="1", help="which ones")
    parser.add_argument("folder", nargs="?", default="core", help="a folder or file of the package, such as core/net")
    parser.add_argument("--wanted", type=float, default=95.0, help="the share to be killed, in percent")
    return parser.parse_args()


def _sample(folder: str, count: int, seed: str) -> list[Mutant]:
    base = SOURCE / "scrape_operator" / folder
    files = sorted(base.rglob("*.py")) if base.is_dir() else [base]
    mutants = [mutant for file in files for mutant in mutants_of(file.relative_to(SOURCE), SOURCE)]
    return random.Random(seed).sample(mutants, min(count, len(mutants)))


def _report(mutant: Mutant) -> bool:
    lived = _lives(mutant)
    print(f"{'lived ' if lived else 'killed'} {mutant}", flush=True)
    return lived


def _lives(mutant: Mutant) -> bool:
    """Return whether all tests pass. The tests of the same folder go first, since they are the likeliest to fail."""
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "operator"
        copytree(SOURCE, copy, ignore=lambda _folder, names: [name for name in names if name == "__pycache__"])
        (copy / mutant.path).write_text(mutant.source, "utf-8")
        return all(map(partial(_passes, copy), _suites(mutant.path)))


def _suites(path: Path) -> list[tuple[str, ...]]:
    nearest = ROOT.joinpath("tests", *path.parts[1:-1])
    mirrored = nearest / f"test_{path.name}"
    first = [str(place.relative_to(ROOT)) for place in (mirrored, nearest) if place.exists()]
    return [*((place,) for place in first), SUITES]


def _passes(copy: Path, tests: tuple[str, ...]) -> bool:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider"]
    settings = ["-o", f"pythonpath={copy} {ROOT}"]
    try:
        done = subprocess.run(
            [*command, *settings, *tests], cwd=ROOT, capture_output=True, check=False, timeout=TIMEOUT_SECONDS
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
