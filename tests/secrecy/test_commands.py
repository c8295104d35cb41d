"""What the command prints holds no secret: passwords of databases, tokens of kubeconfigs, credentials of schedules."""

import asyncio
import subprocess
from pathlib import Path

import pytest
import yaml
from aiohttp import web

from scrape_operator.cluster.client import ClusterClient
from scrape_operator.cluster.credentials import Credentials, read_credentials
from scrape_operator.core.errors import ClusterError
from tests.secrecy.places import PLACES, canary, filled, fills_of, forms
from tests.secrecy.server import ANSWERS, EchoServer
from tests.secrecy.world import database_traces, found, schedule, spoken
from tests.support.preloaded import program
from tests.support.web import served_by

PASSWORD = "c4n4ry-hunter2"
DATABASES = {
    "refused": "postgresql://ada:{password}@127.0.0.1:1/runs",
    "unknown scheme": "mysql://ada:{password}@127.0.0.1:1/runs",
    "no number as port": "postgresql://ada:{password}@127.0.0.1:port/runs",
    "port that is too large": "postgresql://ada:{password}@127.0.0.1:99999/runs",
    "unescaped password": "postgresql://ada:{password}/@#?:{password}@127.0.0.1:1/runs",
    "question mark in the password": "postgresql://ada:x?{password}=y@127.0.0.1:1/runs",
    "password as a parameter": "postgresql://127.0.0.1:1/runs?user=ada&password={password}",
    "unknown parameter": "postgresql://ada:{password}@127.0.0.1:1/runs?sslmode={password}",
    "bracket": "postgresql://ada:{password}@[::1/runs",
    "no host": "postgresql://ada:{password}@/runs",
    "SQLite with a password": "sqlite:///{password}/absent/folder?key={password}",
    "no address": "postgresql://{password}",
}
TOKEN = "c4n4ry-token-of-the-kubeconfig"
KUBECONFIGS = {
    "no YAML": "users:\n- name: a\n  user: {{token: {token}\n  - b",
    "token as a list": "users:\n- name: a\n  user:\n    token: [{token}]",
    "token in the place of the server": "clusters: {token}",
    "token in the place of a file": """
current-context: a
contexts: [{{name: a, context: {{cluster: a, user: a}}}}]
clusters: [{{name: a, cluster: {{server: "https://127.0.0.1:1"}}}}]
users: [{{name: a, user: {{token: {token}, client-certificate-data: "{token}", client-key-data: "{token}"}}}}]
""",
}


@pytest.mark.parametrize("database", DATABASES)
def test_no_verb_prints_the_password_of_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    monkeypatch.chdir(tmp_path)
    said = spoken("runs", DATABASE_URL=DATABASES[database].format(password=PASSWORD))
    assert b"DATABASE_URL" in said or b"database is away" in said
    assert PASSWORD.encode() not in said


@pytest.mark.parametrize("content", KUBECONFIGS)
def test_a_kubeconfig_that_cannot_be_used_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(KUBECONFIGS[content].format(token=TOKEN))
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(file))
    with pytest.raises(ClusterError) as failed:
        read_credentials()
    assert TOKEN not in str(failed.value)


@pytest.mark.parametrize("status", [200, 401, 403, 500])
async def test_an_api_server_that_repeats_the_token_is_not_quoted(status: int) -> None:
    async def repeat(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, reason=TOKEN, text=str(dict(request.headers)))

    async def load() -> Credentials:
        return Credentials(url, None, None, None, f"Bearer {TOKEN}")

    async with served_by(repeat) as url, ClusterClient(load) as client:
        with pytest.raises(ClusterError) as failed:
            await client.request("GET", "/api/v1/namespaces/default/secrets/shop")
    assert TOKEN not in str(failed.value)


@pytest.mark.parametrize("answer", ["echo", "failure", "redirect"])
async def test_test_and_local_print_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setenv("SCRAPE_OPERATOR_ALLOW_CIDRS", "127.0.0.0/8")
    server = EchoServer(ANSWERS[answer])
    async with served_by(server.handle, "0.0.0.0") as server.url:
        write_files(tmp_path, server)
        said = {
            "test": await asyncio.to_thread(spoken, "test", str(tmp_path)),
            "test -o json": await asyncio.to_thread(spoken, "test", str(tmp_path), "-o", "json"),
            "local": await asyncio.to_thread(spoken_by_a_process, "local", str(tmp_path), "--once", "--show", "9"),
        }
    assert server.received
    assert all(b"s1" in text for text in said.values())
    traces = said | dict(database_traces(tmp_path / "scrape-operator.db"))
    assert found({place: list(forms(canary(number))) for number, place in enumerate(PLACES)}, traces) == []


def spoken_by_a_process(*arguments: str) -> bytes:
    done = subprocess.run([program(), *arguments], capture_output=True, check=False, timeout=60)
    return done.stdout + done.stderr


def write_files(folder: Path, server: EchoServer) -> None:
    """Write a schedule and the Secrets of each place that needs no proxy."""
    for number, place in enumerate(PLACES.values()):
        fills = fills_of(number, server.url, server.url)
        http = {**filled(place.http, fills), "url": f"{fills['server']}/s{number}?a=b"}
        objects = [
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": content}
            for name, content in filled(place.secrets, fills).items()
        ]
        objects.append(schedule(f"s{number}", http))
        (folder / f"{number}.yaml").write_text(yaml.safe_dump_all(objects))
