"""A preloaded program ends, and is ended, as the installed one."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support import preloaded
from tests.support.paths import COMMAND


def waiting(folder: Path) -> preloaded.Started:
    """Start a program that waits."""
    os.mkfifo(folder / "never.yaml")
    command = [str(COMMAND), "lint", "never.yaml"]
    with (folder / "log").open("wb") as log:
        return preloaded.start(command, environment={}, folder=folder, log=log)


@pytest.mark.parametrize("arguments", [["version"], ["no-verb"], ["lint", "nowhere.yaml"]])
def test_output_and_exit_code_are_those_of_the_installed_program(arguments: list[str], tmp_path: Path) -> None:
    one, other = (
        subprocess.run([command, *arguments], cwd=tmp_path, capture_output=True, check=False)
        for command in (preloaded.program(), str(COMMAND))
    )
    assert (one.returncode, one.stdout, one.stderr) == (other.returncode, other.stdout, other.stderr)


def test_a_signal_ends_it(tmp_path: Path) -> None:
    process = waiting(tmp_path)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == -signal.SIGTERM


def test_waiting_has_a_limit(tmp_path: Path) -> None:
    process = waiting(tmp_path)
    with pytest.raises(TimeoutError):
        process.wait(0.01)
    process.kill()
    assert process.wait(60) == -signal.SIGKILL


def test_it_ends_with_its_caller(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "never.yaml")
    command = [preloaded.program(), "lint", "never.yaml"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE) as client:
        client.kill()
        assert client.communicate(timeout=60)[0] == b""  # the program had the pipe, too


def test_a_signal_for_the_program_on_the_path_is_passed_on(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "never.yaml")
    with subprocess.Popen([preloaded.program(), "lint", "never.yaml"], cwd=tmp_path) as client:
        with pytest.raises(subprocess.TimeoutExpired):
            client.wait(0.5)
        client.terminate()
        assert client.wait(60) == -signal.SIGTERM
