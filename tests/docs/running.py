"""Runs the commands of a page as a reader does: in a folder with the repository, one after the other."""

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from scrape_operator.storage.store import open_store
from tests.dev.controlplane.connection import Cluster
from tests.docs.reading import PAGES, Command, Page, objects, read
from tests.storage.values import settings_for, skip_of
from tests.support.databases import make_sqlite
from tests.support.paths import ROOT
from tests.support.preloaded import programs

# They never end, or need the operator in a pod.
ENDLESS = re.compile(r"kubectl logs|--watch|scrape-operator run\b|scrape-operator local(?!.*--(once|for)\b)")
# They need an operator: they wait for it, or report that it is missing.
WAITING = re.compile(r"kubectl wait|kubectl scrape (run|doctor)\b")
# They need what a page cannot bring: a registry, a build, a network, a server.
ELSEWHERE = ("docker ", "make ", "git ", "pip ", "python ", "python3 ", "psql ", ". ")
OPTIONAL = ("sqlite3", "curl")
COMMAND_SECONDS = 120
DATABASE = "scrape-operator.db"
"""The file that the command takes in its folder."""

_EXPORT = re.compile(r"export ([A-Z_]+)=(\S+)")


def runnable(command: Command, *, has_operator: bool = False) -> bool:
    """Return whether a command ends by itself on a machine with the repository and a cluster."""
    text = command.text
    program = text.partition(" ")[0]
    is_missing = program in OPTIONAL and shutil.which(program) is None
    is_endless = ENDLESS.search(text) or (WAITING.search(text) and not has_operator)
    return not is_endless and not text.startswith(ELSEWHERE) and not is_missing


def needs_cluster(page: Page) -> bool:
    """Return whether a page has commands for a cluster."""
    return any(re.match(r"(kubectl|helm) ", command.text) for command in page.commands)


def prepare(folder: Path, page: Page, replaced: Mapping[str, str]) -> None:
    """Fill a folder: the repository's folders, a file for each object of all pages, and the files of this page.

    Pages refer to each other's examples; of examples with one name that of this page counts. `replaced` has the
    addresses of this test, by those that pages have.
    """
    for name in ("manifests", "docs", "operator", "tests"):
        (folder / name).symlink_to(ROOT / name)
    shown = [*objects(page), *(obj for each in PAGES for obj in objects(read(each)))]
    for obj in {(obj["kind"], obj["metadata"]["name"]): obj for obj in reversed(shown)}.values():
        with (folder / f"{obj['metadata']['name']}.yaml").open("a", encoding="utf-8") as file:
            file.write(_replace(yaml.safe_dump(obj, explicit_start=True), replaced))
    for name, text in page.files.items():
        (folder / name).write_text(_replace(text, replaced), encoding="utf-8")


def _replace(text: str, replaced: Mapping[str, str]) -> str:
    for shown, used in replaced.items():
        text = text.replace(shown, used)
    return text


def run_all(
    page: Page, folder: Path, environment: Mapping[str, str], replaced: Mapping[str, str], **given: bool
) -> None:
    """Run the commands of a page that `runnable` finds with what is given. `export` holds for those after it."""
    current = dict(environment)
    for command in (command for command in page.commands if runnable(command, **given)):
        text = _replace(command.text, replaced)
        if exported := _EXPORT.match(text):
            current[exported[1]] = exported[2]
        done = subprocess.run(
            ["bash", "-c", text],
            cwd=folder, env=current, capture_output=True, text=True, check=False, timeout=COMMAND_SECONDS,
        )  # fmt: skip
        shown = f"{page.name}: {command.text} ended with {done.returncode}\n{done.stdout}{done.stderr}"
        assert done.returncode == command.exit_code, shown


def environment_of(cluster: Cluster, namespace: str, folder: Path) -> dict[str, str]:
    """Return the environment of a reader whose current namespace is this one."""
    config = yaml.safe_load(cluster.kubeconfig.read_text(encoding="utf-8"))
    config["contexts"][0]["context"]["namespace"] = namespace
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(config), encoding="utf-8")
    folders = {str(path.parent) for path in cluster.programs.values()}
    return {
        "PATH": ":".join([str(programs()), *sorted(folders), os.environ["PATH"]]),
        "HOME": str(folder),
        "KUBECONFIG": str(kubeconfig),
        "NAMESPACE": namespace,
        "COLUMNS": "120",
        "SCRAPE_OPERATOR_ALLOW_CIDRS": "127.0.0.0/8",
    }


def remember(folder: Path, shown: Iterable[Mapping[str, Any]]) -> None:
    """Note in a new database of a folder that each schedule was due once, as an operator does that runs them."""
    names = [obj["metadata"]["name"] for obj in shown if obj["kind"] == "ScrapeSchedule"]

    url = make_sqlite(folder / DATABASE)

    async def note() -> None:
        async with open_store(settings_for(url)) as store:
            for number, name in enumerate(names):
                await store.skip(skip_of(number, uid=f"uid-{number}", name=name))

    asyncio.run(note())
