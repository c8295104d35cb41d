"""The files of the repository, as git lists them."""

import subprocess
from functools import cache
from pathlib import Path

from tests.support.paths import ROOT


@cache
def files() -> tuple[Path, ...]:
    """Return all files that are tracked or would be with `git add`, relative to the root."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(Path(line) for line in sorted(set(listed.splitlines())) if (ROOT / line).is_file())


def modules(*below: str) -> list[Path]:
    """Return the Python files below the folders."""
    return [path for path in files() if path.suffix == ".py" and path.parts[0] in below]


@cache
def text(path: Path) -> str:
    """Return the text of a file. Bytes that are not UTF-8 are replaced."""
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")
