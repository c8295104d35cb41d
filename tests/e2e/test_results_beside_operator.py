"""With SQLite, the results API is a second process on the operator's file, as the chart's second container is."""

from collections.abc import Callable
from pathlib import Path

from tests.dev.controlplane.connection import Cluster
from tests.dev.site.site import DemoSite
from tests.e2e.process import Operator, schedule, until
from tests.e2e.results import await_shown, registered


def test_runs_of_the_operator_are_served(
    control_plane: Cluster, namespace: str, start_operator: Callable[..., Operator], site: DemoSite, tmp_path: Path
) -> None:
    database = tmp_path / "shared.db"
    with registered(control_plane, namespace, tmp_path, f"sqlite:///{database}") as results:
        results.start().await_available()
        assert "unable to open database file" in results.kubectl("get", "srun", check=False)
        operator = start_operator(SCRAPE_OPERATOR_SQLITE_PATH=str(database))
        shown = tmp_path / "watch.txt"
        with results.watch(shown, operator.namespace):
            operator.apply(schedule("shop", f"{site.url}/api/products", interval="1h"))
            await_shown(shown, "Succeeded", within=30)
            operator.request_run("shop", "again")
            until("the requested run", lambda: operator.kubectl("get", "srun", "-l", "trigger=manual", "-o", "name"))
        items = operator.kubectl("get", "sitem", "-l", "schedule=shop,status=Present", "-o", "name").splitlines()
        assert len(items) == operator.get("shop")["status"]["items"]["total"] > 0
        assert operator.terminate() == 0
        assert operator.kubectl("get", "srun", "-o", "name").splitlines()
