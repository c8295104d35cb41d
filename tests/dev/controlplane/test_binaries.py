"""The programs of the control plane: where they are looked for, and how they are built."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.dev.controlplane import binaries, gobuild
from tests.dev.controlplane.binaries import DEMO, PROGRAMS, TESTS, find, needed, uses_existing_cluster
from tests.support.paths import ROOT

MAIN = 'package main\n\nvar gitVersion = "unknown"\n\nfunc main() { println(gitVersion) }\n'
GO_MOD = """module controlplane

go 1.21

require (
	go.etcd.io/etcd/server/v3 v3.4.5
	k8s.io/kubernetes v1.2.3
)

replace (
	go.etcd.io/etcd/server/v3 => ./etcd
	k8s.io/kubernetes => ./kubernetes
)
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder and none of the person's own choices."""
    for name in ("USE_EXISTING_CLUSTER", "KUBEBUILDER_ASSETS", "KUBECONFIG"):
        monkeypatch.delenv(name, raising=False)
    caches = os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")
    monkeypatch.setenv("GOCACHE", os.environ.get("GOCACHE", f"{caches}/go-build"))  # else Go would compile its library
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def tiny_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go modules of our modules' shape that build in a second."""
    kube = tmp_path / "modules" / "kube"
    kubectl = kube / "kubernetes" / "cmd" / "kubectl"
    for folder in (kubectl, kube / "etcd"):
        folder.mkdir(parents=True)
    (kubectl / "main.go").write_text(MAIN)
    (kube / "kubernetes" / "go.mod").write_text(f"module {binaries.KUBERNETES}\n\ngo 1.21\n")
    (kube / "etcd" / "go.mod").write_text(f"module {binaries.ETCD}\n\ngo 1.21\n")
    (kube / "go.mod").write_text(GO_MOD)
    monkeypatch.setattr(binaries, "MODULES", tmp_path / "modules")
    monkeypatch.setattr(gobuild, "MODULES", tmp_path / "modules")
    return kube


def program_at(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)
    return file


def test_a_kubeconfig_alone_never_selects_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/home/me/production")
    assert not uses_existing_cluster()


@pytest.mark.parametrize(("value", "chosen"), [("true", True), ("True", True), ("1", False), ("", False)])
def test_only_the_word_true_selects_the_existing_cluster(
    monkeypatch: pytest.MonkeyPatch, value: str, *, chosen: bool
) -> None:
    monkeypatch.setenv("USE_EXISTING_CLUSTER", value)
    assert uses_existing_cluster() is chosen


def test_an_existing_cluster_needs_its_clients_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USE_EXISTING_CLUSTER", "true")
    assert needed(DEMO) == ["kubectl"]
    assert needed(TESTS) == ["kubectl", "helm", "kstatus"]


def test_clients_of_an_existing_cluster_come_from_path_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_path = program_at(tmp_path / "path", "kubectl")
    monkeypatch.setenv("PATH", str(on_path.parent))
    monkeypatch.setenv("USE_EXISTING_CLUSTER", "true")
    program_at(binaries.built_path("kubectl").parent, "kubectl")
    assert find("kubectl") == on_path
    monkeypatch.delenv("USE_EXISTING_CLUSTER")
    assert find("kubectl") == binaries.built_path("kubectl")


def test_the_assets_folder_goes_before_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = program_at(binaries.built_path("etcd").parent, "etcd")
    assert find("etcd") == built
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path / "assets"))
    assert find("etcd") == built
    asset = program_at(tmp_path / "assets", "etcd")
    assert find("etcd") == asset


def test_the_cache_is_keyed_by_the_versions_in_go_mod(cache: Path) -> None:
    etcd, kubernetes, helm = (PROGRAMS[name].version for name in ("etcd", "kubectl", "helm"))
    folder = cache / "scrape-operator" / "controlplane"
    assert binaries.built_path("kubectl") == folder / f"kube-{kubernetes}-etcd-{etcd}" / "bin" / "kubectl"
    assert binaries.built_path("helm") == folder / f"helm-{helm}" / "bin" / "helm"


def test_without_go_one_sentence_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        gobuild.BuildFailed, match=r"^etcd must be built and there is no Go: install Go 1\.\S+ or newer"
    ):
        gobuild.ensure(DEMO)


@pytest.mark.skipif(shutil.which("go") is None, reason="a machine without Go builds nothing")
class TestBuilding:
    def test_a_program_is_built_once_and_knows_its_version(
        self, tiny_module: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        built = gobuild.ensure(["kubectl"])["kubectl"]
        assert built == binaries.built_path("kubectl")
        assert [file.name for file in built.parent.iterdir()] == ["kubectl"]
        progress = capsys.readouterr().out
        assert progress.startswith("[1/1] kubectl v1.2.3: Go modules, ")
        assert progress.count("\n") == 1
        assert " packages to compile, about " in progress
        assert "done after" in progress
        gobuild.ensure(["kubectl"])
        assert capsys.readouterr().out == ""

    def test_a_failed_build_leaves_no_program_and_shows_what_go_said(self, tiny_module: Path) -> None:
        (tiny_module / "kubernetes" / "cmd" / "kubectl" / "main.go").write_text("package main\n\nfunc main() { so }\n")
        with pytest.raises(gobuild.BuildFailed, match="undefined: so"):
            gobuild.ensure(["kubectl"])
        assert find("kubectl") is None

    def test_an_unfinished_file_of_a_killed_build_is_removed(self, tiny_module: Path) -> None:
        left_over = program_at(binaries.built_path("kubectl").parent, ".kubectl.123")
        assert find("kubectl") is None
        gobuild.ensure(["kubectl"])
        assert not left_over.exists()

    def test_two_builds_at_once_wait_for_each_other(
        self, tiny_module: Path, cache: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        folder = binaries.cache_folder()
        folder.mkdir(parents=True)
        holder = (
            "import fcntl, sys; lock = open(sys.argv[1], 'a'); fcntl.flock(lock, fcntl.LOCK_EX);"
            " print(flush=True); sys.stdin.read(1)"
        )
        command = [sys.executable, "-c", holder, str(folder / ".lock")]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
            assert other.stdout is not None
            other.stdout.readline()
            probe = "from tests.dev.controlplane import gobuild\nwith gobuild._alone(): print('mine')"
            waiting = subprocess.Popen(
                [sys.executable, "-c", probe],
                stdout=subprocess.PIPE,
                text=True,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
            )
            with waiting:
                assert waiting.stdout is not None
                assert waiting.stdout.readline().startswith("Another build of the control plane is under way")
                other.communicate(b"\n")
                assert waiting.stdout.read() == "mine\n"
