"""`scrape-operator local`: the engine over files, without a cluster."""

import json
import os
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import UUID

import pytest
import yaml
from typer.testing import CliRunner, Result

from scrape_operator.cli import app
from scrape_operator.cli.local import Screen
from scrape_operator.local import session
from tests.dev.site.members import TOKEN
from tests.dev.site.serving import SiteThread
from tests.dev.site.site import DemoSite
from tests.support.databases import make_sqlite
from tests.support.preloaded import program

pytestmark = pytest.mark.usefixtures("prompt_writes")

AT = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[DemoSite]:
    monkeypatch.setenv("SCRAPE_OPERATOR_ALLOW_CIDRS", "127.0.0.0/8")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("SCRAPE_OPERATOR_SQLITE_PATH", raising=False)
    with SiteThread(DemoSite(now=lambda: AT)) as served:
        yield served


def write(folder: Path, name: str, url: str, auth: object = None, **spec: object) -> None:
    fields = [{"name": "sku", "jmespath": "sku"}, {"name": "name", "jmespath": "name"}]
    extract = {"format": "JSON", "items": {"jmespath": "data[*]"}, "fields": fields, "key": ["sku"]}
    target = {"name": "api", "http": {"url": url} | ({"auth": auth} if auth else {}), "extract": extract}
    obj = {
        "apiVersion": "scrape-operator.dev/v1alpha1",
        "kind": "ScrapeSchedule",
        "metadata": {"name": name},
        "spec": {"interval": "1h", "targets": [target], **spec},
    }
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(obj))


def local(folder: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["local", str(folder), *options])


def test_a_warning_is_printed_with_its_remedy(tmp_path: Path, site: DemoSite) -> None:
    write(tmp_path, "shop", f"{site.url}/api/products")
    file = tmp_path / "shop.yaml"
    file.write_text(file.read_text().replace("jmespath: name", f"jmespath: name.{'long_' * 30}"))
    result = local(tmp_path, "--once")
    [warning] = [line for line in result.stdout.splitlines() if "field name: found in 0 of " in line]
    assert warning.startswith("  api: warning: ")
    assert warning.endswith("none of them: `name` is no object")


def test_a_reader_may_stop_early(tmp_path: Path, site: DemoSite) -> None:
    for number in range(5):
        write(tmp_path, f"shop-{number}", f"{site.url}/api/products")
    command = f"{program()} local {tmp_path} --once --show 50 | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], env=os.environ, capture_output=True, text=True, check=True)
    line, code = done.stdout.splitlines()
    assert (code, done.stderr) == ("141", "")
    assert " SUCCEEDED " in line


def test_once_runs_every_schedule_once_also_a_suspended_one(tmp_path: Path, site: DemoSite) -> None:
    write(tmp_path, "shop", f"{site.url}/api/products")
    write(tmp_path, "paused", f"{site.url}/api/products?per_page=5", suspend=True)
    result = local(tmp_path, "--once", "--show", "1")
    assert result.exit_code == 0, result.output
    assert " default/shop manual SUCCEEDED Succeeded items=50 new=50 changed=0 gone=0 " in result.stdout
    assert " default/paused manual SUCCEEDED Succeeded " in result.stdout
    assert site.counts["/api/products"] == 2
    assert result.stdout.count('api: {"sku":') == 2


def test_runs_and_items_are_in_a_database_beside_the_files(tmp_path: Path, site: DemoSite) -> None:
    write(tmp_path, "shop", f"{site.url}/api/products")
    local(tmp_path, "--once")
    with sqlite3.connect(tmp_path / "scrape-operator.db") as database:
        assert database.execute("SELECT status, name FROM scrape_runs").fetchall() == [("SUCCEEDED", "shop")]
        assert database.execute("SELECT count(*) FROM items").fetchone() == (50,)
    database.close()


def test_the_database_is_in_the_folder_of_the_first_path_and_the_printed_command_reads_it(
    tmp_path: Path, site: DemoSite
) -> None:
    for name in ("first", "second one"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, name[:5], f"{site.url}/api/products")
    paths = [str(tmp_path / "second one"), str(tmp_path / "first")]
    result = CliRunner().invoke(app, ["local", *paths, "--once"])
    [command] = [line for line in result.stderr.splitlines() if line.startswith("To see the items: ")]
    assert str(tmp_path / "second one" / "scrape-operator.db") in command
    folder = str(Path(program()).parent)
    shown = subprocess.run(
        ["bash", "-c", f"{command.partition(': ')[2]} -o json --limit 0"],
        env=os.environ | {"PATH": f"{folder}:{os.environ['PATH']}"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert len(json.loads(shown.stdout)) == 100


def test_a_budget_of_the_day_counts_from_one_start_to_the_next(tmp_path: Path, site: DemoSite) -> None:
    policy = {
        "apiVersion": "scrape-operator.dev/v1alpha1",
        "kind": "ScrapePolicy",
        "metadata": {"name": "default"},
        "spec": {"ceilings": {"requestsPerDay": 2}},
    }
    (tmp_path / "policy.yaml").write_text(yaml.safe_dump(policy))
    write(tmp_path, "shop", f"{site.url}/api/products")
    assert local(tmp_path, "--once").exit_code == 0
    second = local(tmp_path, "--once")
    assert (second.exit_code, site.counts.total()) == (1, 2)
    assert "BudgetExhausted" in second.stdout


def test_a_failed_run_makes_the_exit_code_1(tmp_path: Path, site: DemoSite) -> None:
    write(tmp_path, "shop", f"{site.url}/nowhere")
    result = local(tmp_path, "--once")
    assert result.exit_code == 1
    assert "default/shop manual FAILED HTTPStatus" in result.stdout


def test_a_refused_schedule_is_named_and_the_others_run(tmp_path: Path, site: DemoSite) -> None:
    write(tmp_path, "shop", f"{site.url}/api/products")
    write(tmp_path, "wrong", "ftp://nowhere")
    result = local(tmp_path, "--once")
    assert result.exit_code == 1
    assert "default/wrong: spec.targets[0].http.url" in result.stdout
    assert "default/shop manual SUCCEEDED" in result.stdout


def test_an_edit_of_a_file_is_followed_until_the_process_is_stopped(tmp_path: Path, site: DemoSite) -> None:
    folder, other = tmp_path / "schedules", tmp_path / "edited"
    folder.mkdir()
    other.mkdir()
    write(folder, "shop", f"{site.url}/api/products", interval="1s")
    write(other, "shop", f"{site.url}/api/stock", interval="1s")

    def edit_and_stop() -> None:
        assert comes(lambda: site.counts["/api/products"] > 0)
        (other / "shop.yaml").replace(folder / "shop.yaml")  # at once, as editors save
        assert comes(lambda: site.counts["/api/stock"] > 0)
        os.kill(os.getpid(), signal.SIGTERM)

    editor = threading.Thread(target=edit_and_stop)
    editor.start()
    result = local(folder, "--for", "60s")
    editor.join()
    assert site.counts["/api/stock"] > 0
    assert " default/shop scheduled SUCCEEDED Succeeded items=50 " in result.stdout, result.output


def comes(is_so: Callable[[], bool]) -> bool:
    """Return whether it comes true before the command would end by itself."""
    for _ in range(500):
        if is_so():
            return True
        time.sleep(0.1)
    return False


def test_a_duration_ends_it(tmp_path: Path, site: DemoSite) -> None:
    write(tmp_path, "shop", f"{site.url}/api/products")
    result = local(tmp_path, "--for", "300ms")
    assert result.exit_code == 0, result.output
    assert "default/shop scheduled SUCCEEDED" in result.stdout


def test_credentials_come_from_secrets_of_the_files(tmp_path: Path, site: DemoSite) -> None:
    auth = {"bearer": {"secretKeyRef": {"name": "members", "key": "token"}}}
    write(tmp_path, "members", f"{site.url}/members/bearer", auth=auth)
    missing = local(tmp_path, "--once")
    assert "FAILED SecretNotFound" in missing.stdout
    assert "Secret default/members is in none of the files: add a manifest of kind Secret" in missing.stdout
    write_secret(tmp_path, "members", token=TOKEN)
    result = local(tmp_path, "--once")
    assert "SUCCEEDED Succeeded items=20" in result.stdout
    assert TOKEN not in result.stdout + missing.stdout


def write_secret(folder: Path, name: str, **values: str) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": values}
    (folder / f"{name}-secret.yaml").write_text(yaml.safe_dump(secret))


def test_secrets_of_one_name_are_a_problem_and_nothing_runs(tmp_path: Path, site: DemoSite) -> None:
    write(tmp_path, "shop", f"{site.url}/api/products")
    write_secret(tmp_path, "a", token="one")
    (tmp_path / "b-secret.yaml").write_text((tmp_path / "a-secret.yaml").read_text())
    result = local(tmp_path, "--once")
    places = f"{tmp_path / 'b-secret.yaml'}: Secret default/a is in {tmp_path / 'a-secret.yaml'}, too"
    assert (result.exit_code, result.stdout) == (1, f"{places}: keep one of them, or rename it\n")
    assert not site.counts


def test_an_empty_file_is_said_so(tmp_path: Path, site: DemoSite) -> None:
    (tmp_path / "empty.yaml").touch()
    result = local(tmp_path, "--once")
    assert (result.exit_code, site.counts.total()) == (1, 0)
    assert f"{tmp_path}: is empty: write a ScrapeSchedule to it" in result.stdout


VARYING = {"runID", "durationSeconds", "trace"}
"""Members that differ between two runs, or that `local` does not have."""


def fixed(value: object) -> object:
    """Return a JSON value without what differs between two runs."""
    if isinstance(value, dict):
        return {name: fixed(member) for name, member in value.items() if name not in VARYING}
    return [fixed(member) for member in value] if isinstance(value, list) else value


@pytest.mark.parametrize("form", ["json", "ndjson"])
def test_programs_get_what_test_prints_with_the_ids_of_the_runs(tmp_path: Path, site: DemoSite, form: str) -> None:
    write(tmp_path, "a-shop", f"{site.url}/api/products")
    write(tmp_path, "b-fails", f"{site.url}/nowhere")
    write(tmp_path, "c-wrong", "ftp://nowhere")
    tried = CliRunner().invoke(app, ["test", str(tmp_path), "-o", "json"])
    result = local(tmp_path, "--once", "-o", form)
    assert (result.exit_code, tried.exit_code) == (1, 1)
    text = result.stdout if form == "json" else f"[{','.join(result.stdout.splitlines())}]"
    records = sorted(json.loads(text), key=lambda record: str(record["schedule"]))
    assert fixed(records) == fixed(json.loads(tried.stdout))
    with sqlite3.connect(tmp_path / "scrape-operator.db") as database:
        ids = {str(UUID(run_id)) for (run_id,) in database.execute("SELECT id FROM scrape_runs")}
    database.close()
    assert [record["runID"] in ids for record in records] == [True, True, False]
    assert records[2]["runID"] is None


def test_a_list_for_programs_is_one_also_without_a_run(tmp_path: Path, site: DemoSite) -> None:
    result = local(tmp_path, "--once", "-o", "json")
    assert (result.exit_code, result.stdout) == (1, "[]\n")
    assert "no ScrapeSchedule found" in result.stderr


@pytest.mark.parametrize("form", ["json", "ndjson"])
@pytest.mark.parametrize("limits", [("--once",), ("--for", "60s")])
def test_a_reader_that_has_gone_ends_it_quietly(
    tmp_path: Path, site: DemoSite, form: str, limits: tuple[str, ...]
) -> None:
    write(tmp_path, "shop", f"{site.url}/api/products", interval="1s")
    make_sqlite(tmp_path / "scrape-operator.db")
    reading, writing = os.pipe()
    os.close(reading)
    command = [program(), "local", str(tmp_path), *limits, "-o", form]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_change_of_a_policy_counts_for_schedules_that_run(tmp_path: Path, site: DemoSite) -> None:
    write(tmp_path, "shop", f"{site.url}/api/products", interval="1s")
    make_sqlite(tmp_path / "scrape-operator.db")
    kind = {"apiVersion": "scrape-operator.dev/v1alpha1", "kind": "ScrapePolicy", "metadata": {"name": "default"}}
    policy = tmp_path / "policy.saved"
    policy.write_text(yaml.safe_dump({**kind, "spec": {"network": {"denyHosts": ["127.0.0.1"]}}}))
    command = [program(), "local", str(tmp_path), "--for", "60s", "-o", "ndjson"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        assert running.stdout is not None
        reasons = (json.loads(line)["reason"] for line in running.stdout)  # on a busy machine a due time may be skipped
        assert "Succeeded" in reasons
        policy.replace(tmp_path / "policy.yaml")
        assert "PolicyDenied" in reasons
        running.terminate()
        assert running.wait() == 1


@pytest.mark.parametrize(("count", "names"), [(1, "default/s0"), (5, "default/s0, default/s1, default/s2 and 2 more")])
def test_runs_that_take_long_are_named_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, names: str
) -> None:
    noticed = threading.Event()

    class Slow(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert noticed.wait(30)
            self.send_error(404)

    real = Screen.notice

    def notice(screen: Screen, text: str) -> None:
        real(screen, text)
        noticed.set()

    monkeypatch.setattr(Screen, "notice", notice)
    monkeypatch.setattr(session, "PROGRESS_SECONDS", 0.1)
    monkeypatch.setenv("SCRAPE_OPERATOR_ALLOW_CIDRS", "127.0.0.0/8")
    with ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for number in range(count):
            write(tmp_path, f"s{number}", f"http://127.0.0.1:{server.server_port}/")
        result = local(tmp_path, "--once")
        server.shutdown()
    assert f"{count} of {count} runs have not ended yet: {names}" in result.stdout.splitlines()
    assert result.stdout.count("FAILED HTTPStatus") == count
