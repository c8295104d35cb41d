"""Which database the settings name, and what is said of those that can't be."""

from pathlib import Path

import asyncpg
import pytest

from scrape_operator.core.errors import InvalidValue
from scrape_operator.settings import Settings
from scrape_operator.storage.engine.address import PostgresAddress, SQLiteAddress, address_of
from tests.storage.values import settings_for


def test_without_a_url_it_is_the_sqlite_file() -> None:
    assert address_of(Settings(sqlite_path="/data/runs.db")) == SQLiteAddress(Path("/data/runs.db"))


@pytest.mark.parametrize(
    ("url", "path"),
    [
        pytest.param("sqlite:///runs.db", "runs.db", id="relative"),
        pytest.param("sqlite:////data/runs.db", "/data/runs.db", id="absolute"),
        pytest.param("sqlite+aiosqlite:////data/runs.db", "/data/runs.db", id="with driver"),
        pytest.param("sqlite:////data/my%20runs.db", "/data/my runs.db", id="percent-encoded"),
    ],
)
def test_a_sqlite_url_names_a_file(url: str, path: str) -> None:
    assert address_of(settings_for(url)) == SQLiteAddress(Path(path))


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("sqlite://", id="nothing"),
        pytest.param("sqlite:///:memory:", id="memory"),
        pytest.param("sqlite:///a.db?mode=ro", id="options"),
        pytest.param("sqlite://host/a.db", id="host"),
    ],
)
def test_a_sqlite_url_without_a_file_is_refused(url: str) -> None:
    with pytest.raises(InvalidValue, match=r"sqlite:////absolute/path"):
        address_of(settings_for(url))


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_every_spelling_of_postgresql_is_read(scheme: str) -> None:
    assert address_of(settings_for(f"{scheme}://me:secret@db:5433/runs")) == PostgresAddress(
        "postgresql://me:secret@db:5433/runs"
    )


def test_options_of_libpq_are_passed_on() -> None:
    url = "postgresql://db/runs?sslmode=verify-full&sslrootcert=/ca.crt&target_session_attrs=read-write"
    assert address_of(settings_for(url)) == PostgresAddress(url.replace("/ca.crt", "%2Fca.crt"))


def test_the_ssl_of_sqlalchemy_urls_is_libpqs_sslmode() -> None:
    assert address_of(settings_for("postgresql://db/runs?ssl=require")) == PostgresAddress(
        "postgresql://db/runs?sslmode=require"
    )


def test_options_that_are_not_for_the_server_are_taken_out() -> None:
    url = "postgresql://db/runs?connect_timeout=3&application_name=x"
    assert address_of(settings_for(url)) == PostgresAddress("postgresql://db/runs?application_name=x", 3.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param("channel_binding=require", "option channel_binding is not supported, remove it", id="unknown"),
        pytest.param("sslmode=yes", "sslmode must be one of disable, allow", id="sslmode"),
        pytest.param("connect_timeout=soon", "connect_timeout must be a whole number", id="number"),
        pytest.param("connect_timeout=0", "at least 1", id="zero"),
        pytest.param("sslmode", "must be name=value", id="no value"),
    ],
)
def test_an_option_that_can_not_be_honoured_is_refused(options: str, message: str) -> None:
    with pytest.raises(InvalidValue, match=message) as refused:
        address_of(settings_for(f"postgresql://me:secret@db/runs?{options}"))
    assert "secret" not in str(refused.value)


def test_an_address_does_not_show_its_password() -> None:
    assert "secret" not in repr(address_of(settings_for("postgresql://me:secret@db/runs")))


def test_what_is_passed_on_is_what_asyncpg_knows_or_the_server() -> None:
    servers = {"application_name", "options", "search_path"}
    url = address_of(settings_for("postgresql://db/runs?options=-c%20search_path%3Dx&search_path=y&application_name=z"))
    assert isinstance(url, PostgresAddress)
    _, parameters, _ = asyncpg.connect_utils._parse_connect_arguments(
        dsn=url.dsn,
        host=None,
        port=None,
        user="me",
        password=None,
        passfile=None,
        database=None,
        command_timeout=None,
        statement_cache_size=100,
        max_cached_statement_lifetime=300,
        max_cacheable_statement_size=1024,
        ssl=None,
        direct_tls=None,
        server_settings=None,
        target_session_attrs=None,
        krbsrvname=None,
        gsslib=None,
        service=None,
        servicefile=None,
    )
    assert parameters.server_settings == dict.fromkeys(servers) | {
        "options": "-c search_path=x",
        "search_path": "y",
        "application_name": "z",
    }
