"""What a process imports with the fetcher."""

import subprocess
import sys

import httpx

UNUSED = {"click", "pygments", "rich", "typer"}
PROGRAM = "import sys, scrape_operator.watching.process; print(*sorted(%r & set(sys.modules)))"


def test_the_operator_imports_no_library_of_the_command_line() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM % UNUSED], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []


def test_httpx_has_its_command_line_in_the_module_that_is_left_out() -> None:
    assert httpx.main.__module__ == "httpx"  # its stand-in: not "httpx._main"
