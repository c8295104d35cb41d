"""The command in the operator's pod, by kubectl exec: its output, its errors and its exit code are the plugin's."""

import os
import stat
import sys
from pathlib import Path

import pytest

from scrape_operator.plugin.pod import run_in_operator

KUBECTL = f"""#!{sys.executable}
import sys
if "exec" not in sys.argv:
    print("operators pod-1")
    sys.exit()
print(*sys.argv[1:])
code = int(sys.argv[-1])
if code:
    print("scrape-operator: no ScrapeSchedule default/x in the database", file=sys.stderr)
    print(f"command terminated with exit code {{code}}", file=sys.stderr)
sys.exit(code)
"""


@pytest.fixture(autouse=True)
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "kubectl"
    program.write_text(KUBECTL)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")


def test_output_and_exit_code_are_those_of_the_command(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_in_operator(["items", "0"]) == 0
    assert capfd.readouterr() == ("exec -n operators pod-1 -- scrape-operator items 0\n", "")


def test_a_failure_is_the_one_line_that_the_command_says(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_in_operator(["items", "1"]) == 1
    assert capfd.readouterr().err == "scrape-operator: no ScrapeSchedule default/x in the database\n"
