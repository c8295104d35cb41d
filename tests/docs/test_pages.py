"""Every manifest and every command in docs/ works: they are applied and run as they stand."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from scrape_operator.api.kinds.registry import supported_kinds
from scrape_operator.planning.policies import policies_of
from scrape_operator.planning.schedule import validate
from tests.dev.controlplane.connection import Cluster
from tests.docs.reading import PAGES, Page, objects, read
from tests.support.paths import COMMAND, ROOT

GROUP = "scrape-operator.dev/"
# They wait for an operator that reaches the example's host, or never end.
ENDLESS = ("kubectl wait", "kubectl logs", "--watch", "scrape-operator run", "scrape-operator local")
# They need what a page cannot bring: a registry, a build, a network, a file of the reader's.
ELSEWHERE = ("docker ", "make ", "git ", "pip ", "python ", "curl ", "psql ", "sqlite3 ")


@pytest.fixture
def place(control_plane: Cluster, crds: None, namespace: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    """A folder with the repository's folders, and the environment of a reader whose context is the namespace."""
    for folder in ("manifests", "docs", "operator", "tests"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    config = yaml.safe_load(control_plane.kubeconfig.read_text(encoding="utf-8"))
    config["contexts"][0]["context"]["namespace"] = namespace
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(config), encoding="utf-8")
    programs = {str(COMMAND.parent), *(str(path.parent) for path in control_plane.programs.values())}
    adopt_crds(control_plane)
    yield {
        "PATH": ":".join([*sorted(programs), os.environ["PATH"]]),
        "HOME": str(tmp_path),
        "KUBECONFIG": str(kubeconfig),
        "NAMESPACE": namespace,
        "COLUMNS": "120",
    }
    control_plane.kubectl("delete", "clusterscrapepolicies", "--all")
    control_plane.helm("uninstall", "scrape-operator", "--namespace", "scrape-operator", "--ignore-not-found")
    control_plane.delete_namespace("scrape-operator")


def adopt_crds(cluster: Cluster) -> None:
    """Make the CRDs a part of the release that the pages install: the control plane had them before."""
    release = "meta.helm.sh/release-name=scrape-operator", "meta.helm.sh/release-namespace=scrape-operator"
    for kind in supported_kinds():
        cluster.kubectl("label", "--overwrite", "crd", kind.crd_name, "app.kubernetes.io/managed-by=Helm")
        cluster.kubectl("annotate", "--overwrite", "crd", kind.crd_name, *release)


def runnable(command: str) -> bool:
    """Whether a command ends by itself on a machine with the repository and a cluster."""
    return not command.startswith(ELSEWHERE) and not any(words in command for words in ENDLESS)


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in PAGES])
def test_the_schedules_of_a_page_pass_lint(path: Path) -> None:
    shown_here = objects(read(path))
    for obj in shown_here:
        if str(obj["apiVersion"]).startswith(GROUP):
            assert validate(obj, policies=policies_of(shown_here)) == ()


def shown(page: Page) -> bool:
    return bool(page.commands or objects(page))


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in PAGES if shown(read(path))])
def test_the_manifests_and_commands_of_a_page_work(
    control_plane: Cluster, place: dict[str, str], tmp_path: Path, path: Path
) -> None:
    for obj in (obj for page in PAGES for obj in objects(read(page))):  # pages refer to each other's examples
        with (tmp_path / f"{obj['metadata']['name']}.yaml").open("a", encoding="utf-8") as file:
            yaml.safe_dump(obj, file, explicit_start=True)
        manifest = yaml.safe_dump(obj)
        control_plane.kubectl("apply", "--namespace", place["NAMESPACE"], "-f", "-", input=manifest)
    (tmp_path / "scrape-operator.db").unlink(missing_ok=True)
    subprocess.run([str(COMMAND), "migrate"], cwd=tmp_path, env=place, check=True, capture_output=True)
    for command in filter(runnable, read(path).commands):
        done = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, env=place, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, f"{path.name}: {command}\n{done.stdout}{done.stderr}"
