"""What the house rules look at: the files of the project, as git knows them."""

import subprocess
from functools import cache
from pathlib import Path

from tests.support.paths import ROOT


@cache
def files() -> tuple[Path, ...]:
    """Give all files that are tracked or would be with `git add`, relative to the root."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(Path(line) for line in sorted(set(listed.splitlines())) if (ROOT / line).is_file())


def modules(*below: str) -> list[Path]:
    """Give the Python files below the folders."""
    return [path for path in files() if path.suffix == ".py" and path.parts[0] in below]


@cache
def text(path: Path) -> str:
    """Give a file's text; of one that is no text, what can be read of it."""
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")
