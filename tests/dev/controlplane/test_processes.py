"""Servers of tests end with their owner, however it ends."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.dev.controlplane.processes import RunFolder, StartFailed, free_port, sweep

SERVER = "import sys, time; print('at work', flush=True); time.sleep(600)"
OWNER = f"""
import sys, time
from tests.dev.controlplane.processes import RunFolder
run = RunFolder("test")
run.spawn("server", [sys.executable, "-c", {SERVER!r}, run.path])
print(run.path, run._running["server"][0].pid, run._watchdog.pid, flush=True)
time.sleep(600)
"""


def eventually(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + 30
    while not holds() and time.monotonic() < until:
        time.sleep(0.02)
    return holds()


def gone(pid: int) -> bool:
    """A process that nobody reaps, as in a container without an init, stays as a zombie: it does no more harm."""
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return not shown or shown.startswith("Z")


@pytest.fixture
def owner() -> Iterator[tuple[subprocess.Popen[str], Path, int, int]]:
    with subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        folder, server, watchdog = process.stdout.readline().split()
        yield process, Path(folder), int(server), int(watchdog)
        process.kill()


def test_the_watchdog_ends_the_servers_of_a_killed_owner(owner) -> None:
    process, folder, server, watchdog = owner
    assert not gone(server)
    process.kill()
    process.wait()
    assert eventually(lambda: gone(server) and not folder.exists() and gone(watchdog))


def test_the_next_start_ends_what_a_killed_watchdog_left(owner) -> None:
    process, folder, server, watchdog = owner
    os.kill(watchdog, signal.SIGKILL)
    process.kill()
    process.wait()
    sweep()
    assert eventually(lambda: gone(server))
    assert not folder.exists()


def test_the_sweep_leaves_the_folders_of_living_owners_alone(owner) -> None:
    _, folder, server, _ = owner
    sweep()
    assert folder.exists()
    assert not gone(server)


def test_a_pid_that_another_program_got_since_is_not_ended(owner) -> None:
    process, folder, _, watchdog = owner
    (folder / "other.pid").write_text(f"{os.getpid()} {signal.SIGKILL.value}")
    os.kill(watchdog, signal.SIGKILL)
    process.kill()
    process.wait()
    sweep()
    assert not folder.exists()


def test_closing_ends_the_servers_and_removes_the_folder() -> None:
    with RunFolder("test") as run:
        run.spawn("server", [sys.executable, "-c", SERVER, run.path])
        run.await_ready("server", lambda: b"at work" in (run.path / "server.log").read_bytes())
        pid = int((run.path / "server.pid").read_text().split()[0])
    assert gone(pid)
    assert not run.path.exists()


def test_a_server_that_ends_at_its_start_is_reported_with_its_last_words() -> None:
    with RunFolder("test") as run:
        run.spawn("server", [sys.executable, "-c", "raise SystemExit('the flag --so is unknown')"])
        with pytest.raises(StartFailed, match="server ended with code 1: the flag --so is unknown"):
            run.await_ready("server", lambda: False)


def test_a_server_that_is_not_ready_in_time_is_reported() -> None:
    with RunFolder("test") as run:
        run.spawn("server", [sys.executable, "-c", SERVER])
        with pytest.raises(StartFailed, match="server is not ready after 0 s"):
            run.await_ready("server", lambda: False, within=0)


def test_a_free_port_can_be_bound_and_is_below_the_ephemeral_range() -> None:
    assert 20_000 <= free_port() < 32_768


def test_folders_of_other_programs_are_none_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for name in ("scrape-operator-notes", "scrape-operator-test-abc-x", "other-test-1-x"):
        (tmp_path / name).mkdir()
    with contextlib.suppress(OSError):
        sweep()
    assert len(list(tmp_path.iterdir())) == 3
