"""`kubectl scrape` as a process or in this one, and a stand-in for kubectl exec: no kubelet runs here."""

import os
import shlex
import stat
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from scrape_operator.plugin.app import main
from tests.support.preloaded import program

PLUGIN = "kubectl-scrape"
KEPT = frozenset({"PATH", "HOME", "LANG"})
"""What the plugin gets of the environment of the tests."""

Printed = subprocess.CompletedProcess[bytes]


def run_plugin(kubeconfig: Path, *arguments: str, folder: Path, **environment: str) -> Printed:
    """Run the plugin with a kubeconfig; only what is named here is in its environment."""
    kept = {name: value for name, value in os.environ.items() if name in KEPT}
    settings = kept | {"KUBECONFIG": str(kubeconfig), **environment}
    return subprocess.run([program(PLUGIN), *arguments], env=settings, cwd=folder, capture_output=True, check=False)


def call_plugin(
    capture: pytest.CaptureFixture[bytes], kubeconfig: Path, *arguments: str, folder: Path, **environment: str
) -> Printed:
    """Do what `run_plugin` does in a thread of this process: a start costs a second of CPU time."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ.keys() - KEPT:
            patch.delenv(name)
        for name, value in {"KUBECONFIG": str(kubeconfig), **environment}.items():
            patch.setenv(name, value)
        for name in ("COLUMNS", "LINES"):  # readline sets them, unseen by os.environ, for processes that are started
            os.unsetenv(name)
        # the official client reads KUBECONFIG when it is imported
        patch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(kubeconfig))
        patch.chdir(folder)
        capture.readouterr()
        with ThreadPoolExecutor(1) as thread:  # the loop of the test runs in this one
            code = thread.submit(_exit_code, arguments).result()
    printed = capture.readouterr()
    return Printed(arguments, code, printed.out, printed.err)


def _exit_code(arguments: Sequence[str]) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert isinstance(ended.value.code, int)
    return ended.value.code


def stand_in_for_exec(folder: Path, settings: Mapping[str, str] | None = None) -> str:
    """Return a PATH with a `kubectl` that runs the command which exec would run in the pod, with the pod's settings."""
    stand_in = folder / "kubectl"
    given = " ".join(shlex.quote(f"{name}={value}") for name, value in (settings or {}).items())
    stand_in.write_text(
        "#!/bin/sh\n"
        "if [ \"$1\" != exec ]; then echo 'operators pod-1'; exit; fi\n"
        'while [ "$1" != -- ]; do shift; done\n'
        "shift 2\n"
        f'env {given} {shlex.quote(program())} "$@"\n'
        "code=$?\n"
        '[ $code = 0 ] || echo "command terminated with exit code $code" >&2\n'
        "exit $code\n"
    )
    stand_in.chmod(stand_in.stat().st_mode | stat.S_IXUSR)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"
