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
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

from tests.dev.mutants import nearest_first
from tests.dev.mutants.mutations import Mutant, mutants_of
from tests.support.paths import ROOT

SOURCE = ROOT / "operator"
SUITES = ("tests/core", "tests/scheduling")
CPU_SECONDS = 240
"""A mutant that runs longer is killed. CPU time counts, so that a busy machine kills none."""

LIMITED = ("sh", "-c", 'ulimit -t "$0" && exec "$@"', str(CPU_SECONDS))
WAITING_SECONDS = 1800
"""For a mutant that waits for ever."""


def main() -> int:
    """Run the sample; exit 1 where fewer than the wanted share were killed."""
    arguments = _arguments()
    sample = _sample(arguments.folder, arguments.count, arguments.seed)
    if not _passes(SOURCE, ROOT):
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
    """Return whether all tests pass."""
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "operator"
        copytree(SOURCE, copy)  # with the bytecode, so that only the mutant is compiled
        (copy / mutant.path).write_text(mutant.source, "utf-8")
        return _passes(copy, ROOT.joinpath("tests", *mutant.path.parts[1:-1], f"test_{mutant.path.name}"))


def _passes(copy: Path, nearest: Path) -> bool:
    command = [*LIMITED, sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "-p", "no:cacheprovider"]
    settings = ["-o", f"pythonpath={copy} {ROOT}", "-p", nearest_first.__name__]
    environment = os.environ | {nearest_first.VARIABLE: str(nearest)}
    try:
        done = subprocess.run(
            [*command, *settings, *SUITES],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            check=False,
            timeout=WAITING_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
