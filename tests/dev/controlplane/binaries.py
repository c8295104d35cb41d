"""Which programs run the local control plane: found in the order below, built when nowhere there.

Called by the test fixtures, the demo and `make`.
1. USE_EXISTING_CLUSTER=true: only kubectl, helm and kstatus are needed, from PATH first.
2. KUBEBUILDER_ASSETS.
3. The project's cache folder.
4. `go build` into that folder (see `gobuild`).
"""

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

MODULES = Path(__file__).parent / "modules"
ETCD = "go.etcd.io/etcd/server/v3"
KUBERNETES = "k8s.io/kubernetes"
HELM = "helm.sh/helm/v4"
CLI_UTILS = "github.com/fluxcd/cli-utils"


@dataclass(frozen=True)
class Program:
    """A program of the control plane, and the Go package that it is built from."""

    name: str
    module: str
    """The folder under modules/ whose go.mod requires it."""
    source: str
    """The Go module that it is part of, whose version is its own."""
    package: str

    @property
    def version(self) -> str:
        """Its version, such as `v1.37.2`."""
        return _in_go_mod(self.module, rf"^\s*{re.escape(self.source)} (v\S+)")


PROGRAMS: Mapping[str, Program] = {
    program.name: program
    for program in (
        Program("etcd", "kube", ETCD, ETCD),
        Program("kube-apiserver", "kube", KUBERNETES, f"{KUBERNETES}/cmd/kube-apiserver"),
        Program("kubectl", "kube", KUBERNETES, f"{KUBERNETES}/cmd/kubectl"),
        Program("kube-controller-manager", "kube", KUBERNETES, f"{KUBERNETES}/cmd/kube-controller-manager"),
        Program("helm", "helm", HELM, f"{HELM}/cmd/helm"),
        Program("kstatus", "helm", CLI_UTILS, "./kstatus"),  # our own main over what Helm waits by
    )
}
CLIENTS = ("kubectl", "helm", "kstatus")
DEMO = ("etcd", "kube-apiserver", "kubectl")
TESTS = tuple(PROGRAMS)


def uses_existing_cluster() -> bool:
    """Return whether the person chose the current kubeconfig context (envtest's convention).

    KUBECONFIG alone never chooses a cluster: people have production in it.
    """
    return os.environ.get("USE_EXISTING_CLUSTER", "").lower() == "true"


def needed(names: Sequence[str]) -> Sequence[str]:
    """Return those of the programs that this run will start: an existing cluster needs its clients only."""
    return [name for name in names if name in CLIENTS] if uses_existing_cluster() else names


def find(name: str) -> Path | None:
    """Return the program from the first place that has it, None when it must be built."""
    places = [built_path(name)]
    if assets := os.environ.get("KUBEBUILDER_ASSETS"):
        places.insert(0, Path(assets).absolute() / name)
    if uses_existing_cluster() and (on_path := shutil.which(name)):
        places.insert(0, Path(on_path))
    return next((place for place in places if os.access(place, os.X_OK)), None)


def built_path(name: str) -> Path:
    """Return the program's place in the cache folder, keyed by the versions in its go.mod."""
    if name == "kstatus":
        key = f"kstatus-{PROGRAMS[name].version}"
    elif PROGRAMS[name].module == "helm":
        key = f"helm-{PROGRAMS['helm'].version}"
    else:
        key = f"kube-{PROGRAMS['kube-apiserver'].version}-etcd-{PROGRAMS['etcd'].version}"
    return cache_folder() / key / "bin" / name


def cache_folder() -> Path:
    """Return the folder of all built programs, which clones of the project share."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "scrape-operator" / "controlplane"


def go_version(module: str) -> str:
    """Return the oldest Go that a module of ours builds with, such as `1.26.0`."""
    return _in_go_mod(module, r"^go (\S+)")


def _in_go_mod(module: str, pattern: str) -> str:
    file = MODULES / module / "go.mod"
    found = re.search(pattern, file.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise LookupError(f"{file} has no line like {pattern}")
    return found[1]
