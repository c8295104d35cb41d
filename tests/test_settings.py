"""Wrong settings end the process with one line that names the environment variable."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from scrape_operator.core.errors import InvalidSettings
from scrape_operator.settings import Settings, read_settings, unknown_variables, variable_of
from tests.support.preloaded import program


def run(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command in an empty folder with the variables."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)} | variables
    command = [program(), *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    ("variable", "value", "remedy"),
    [
        ("SCRAPE_OPERATOR_ALLOW_CIDRS", "10.0.0.1/8", "10.0.0.0/8"),
        ("SCRAPE_OPERATOR_ALLOW_CIDRS", "10.0.0.0/8,foo", "'foo' is not a network"),
        ("SCRAPE_OPERATOR_NAMESPACES", "shop news", "separate names by commas"),
        ("SCRAPE_OPERATOR_LISTEN_PORT", "eighty", "valid integer"),
        ("SCRAPE_OPERATOR_LISTEN_PORT", "65536", "65535"),
        ("SCRAPE_OPERATOR_LOG_LEVEL", "LOUD", "'WARNING'"),
        ("SCRAPE_OPERATOR_LOG_FORMAT", "xml", "'console'"),
        ("SCRAPE_OPERATOR_RUN_LEASE_SECONDS", "1", "greater than or equal to 3"),
        ("SCRAPE_INTERVAL_MINUTES", "0", "greater than or equal to 1"),
        ("SCRAPE_INTERVAL_MINUTES", "5m", "valid integer"),
        ("SCRAPE_OPERATOR_RESULTS_API_SERVICE", "results", "namespace/name"),
        ("SCRAPE_OPERATOR_RESULTS_API_SERVICE", "shop/", "namespace/name"),
        ("SCRAPE_OPERATOR_RESULTS_API_SERVICE", "shop/Results", "namespace/name"),
        ("SCRAPE_OPERATOR_RESULTS_API_SERVICE", "shop/results/x", "namespace/name"),
        ("DATABASE_URL", "mysql://u:hunter2@h/d", "postgresql://"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, remedy: str
):
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidSettings) as raised:
        read_settings()
    (line,) = str(raised.value).splitlines()
    assert line.startswith(f"{variable}: ")
    assert remedy in line
    assert "hunter2" not in line


def test_the_service_of_the_results_api_has_two_parts_and_is_asked_for_where_it_is_needed():
    assert Settings(results_api_service="shop/results").results_service == ("shop", "results")
    with pytest.raises(InvalidSettings, match="SCRAPE_OPERATOR_RESULTS_API_SERVICE: set it to namespace/name"):
        _ = Settings().results_service


def test_several_wrong_values_are_all_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SCRAPE_INTERVAL_MINUTES", "x")
    monkeypatch.setenv("SCRAPE_OPERATOR_LISTEN_PORT", "y")
    with pytest.raises(InvalidSettings) as raised:
        read_settings()
    names = {line.partition(":")[0] for line in str(raised.value).splitlines()}
    assert names == {"SCRAPE_INTERVAL_MINUTES", "SCRAPE_OPERATOR_LISTEN_PORT"}


def test_an_empty_variable_is_as_if_it_were_not_set(monkeypatch: pytest.MonkeyPatch):
    for field in Settings.model_fields:
        monkeypatch.setenv(variable_of(field), "")
    assert read_settings().model_dump(exclude={"identity"}) == Settings().model_dump(exclude={"identity"})


def test_a_misspelt_variable_is_named_with_the_right_one():
    assert list(unknown_variables({"SCRAPE_OPERATOR_LOG_LEVL": "DEBUG", "SCRAPE_OPERATOR_ZZZ": "1"})) == [
        "SCRAPE_OPERATOR_LOG_LEVL is not a setting: did you mean SCRAPE_OPERATOR_LOG_LEVEL?",
        "SCRAPE_OPERATOR_ZZZ is not a setting",
    ]


def test_the_variables_of_a_service_are_no_misspelt_settings():
    links = ("SERVICE_HOST", "SERVICE_PORT", "SERVICE_PORT_HTTP", "PORT", "PORT_8080_TCP", "PORT_8080_TCP_ADDR")
    assert list(unknown_variables({f"SCRAPE_OPERATOR_{link}": "1" for link in links})) == []


def test_the_process_warns_of_a_misspelt_variable(tmp_path: Path):
    done = run(tmp_path, "migrate", SCRAPE_OPERATOR_SQLITE_PAHT="x.db")
    assert done.returncode == 0
    assert "SCRAPE_OPERATOR_SQLITE_PAHT is not a setting: did you mean SCRAPE_OPERATOR_SQLITE_PATH?" in done.stderr


def test_a_wrong_setting_ends_the_process_with_exit_code_2(tmp_path: Path):
    done = run(tmp_path, "run", SCRAPE_OPERATOR_ALLOW_CIDRS="10.0.0.1/8")
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


def test_a_taken_port_is_one_line_that_names_the_variable(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run(tmp_path, "run", SCRAPE_OPERATOR_LISTEN_HOST="127.0.0.1", SCRAPE_OPERATOR_LISTEN_PORT=str(port))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr + done.stdout
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"scrape-operator: SCRAPE_OPERATOR_LISTEN_PORT: cannot listen on 127.0.0.1:{port}: ")


@pytest.mark.parametrize("host", ["192.0.2.1", "no host", "999.1.1.1"])
def test_a_bad_host_is_one_line_that_names_the_variable(tmp_path: Path, host: str):
    done = run(tmp_path, "run", SCRAPE_OPERATOR_LISTEN_HOST=host)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr + done.stdout
    (line,) = done.stderr.splitlines()
    assert line.startswith("scrape-operator: SCRAPE_OPERATOR_LISTEN_HOST: cannot listen on ")


def test_migrate_without_a_database_names_the_file_that_it_made(tmp_path: Path):
    done = run(tmp_path, "migrate", DATABASE_URL="")
    assert done.returncode == 0
    assert str(tmp_path / "scrape-operator.db") in done.stdout
    assert "DATABASE_URL is not set" in done.stdout
    assert (tmp_path / "scrape-operator.db").exists()
