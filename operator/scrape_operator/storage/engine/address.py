"""The address of the database that the settings name. Called by `store.open_store`, `migrate` and `reading`.

The URL goes to asyncpg as it is, since asyncpg reads libpq's URLs (several hosts, sslmode, certificates,
target_session_attrs) itself; but it would send an option that it doesn't know to the server as a setting,
which then refuses every connection. So options are checked here, where the message can name the remedy.
"""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from scrape_operator.core.errors import InvalidValue
from scrape_operator.settings import Settings

SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")

PASSED_ON = frozenset(
    {
        "application_name",
        "dbname",
        "host",
        "options",
        "passfile",
        "password",
        "port",
        "search_path",
        "service",
        "sslcert",
        "sslcrl",
        "sslkey",
        "sslmode",
        "sslnegotiation",
        "sslpassword",
        "sslrootcert",
        "ssl_max_protocol_version",
        "ssl_min_protocol_version",
        "target_session_attrs",
        "user",
    }
)
"""Options that asyncpg or the server understands (libpq, section 34.1.2, Parameter Key Words)."""

CONNECT_TIMEOUT = "connect_timeout"


@dataclass(frozen=True, slots=True)
class SQLiteAddress:
    """A file."""

    path: Path


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """A libpq URL, never shown since it may hold a password; `connect_timeout` in seconds."""

    dsn: str = field(repr=False)
    connect_timeout: float | None = None


Address = SQLiteAddress | PostgresAddress


def address_of(settings: Settings) -> Address:
    """Return the database that the settings name: DATABASE_URL, or the SQLite file.

    Raises:
        InvalidValue: The URL cannot be used. The message says what to do, without showing the URL.

    """
    if settings.database_url is None:
        return SQLiteAddress(settings.sqlite_path)
    url = settings.database_url.get_secret_value()
    return _sqlite_address(url) if url.startswith("sqlite") else _postgres_address(url)


def _sqlite_address(url: str) -> SQLiteAddress:
    parts = urlsplit(url)
    path = unquote(parts.path.removeprefix("/"))
    if parts.netloc or parts.query or path in {"", ":memory:"}:
        raise InvalidValue(
            "DATABASE_URL: a SQLite URL is sqlite:///relative/path or sqlite:////absolute/path, without host and "
            "options; a database in memory is not supported"
        )
    return SQLiteAddress(Path(path))


def _postgres_address(url: str) -> PostgresAddress:
    base, _, query = url.partition("?")
    _, _, rest = base.partition("://")
    if "@" in query:  # what stands before it would be named as an option
        raise InvalidValue("DATABASE_URL: a ? in user or password must be written as %3F, and an @ in options as %40")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError as error:
        raise InvalidValue("DATABASE_URL: the options after ? must be name=value, joined by &") from error
    options = {("sslmode" if name == "ssl" else name): value for name, value in pairs}
    _check(options)
    kept = {name: value for name, value in options.items() if name in PASSED_ON}
    return PostgresAddress(
        f"postgresql://{rest}?{urlencode(kept)}" if kept else f"postgresql://{rest}",
        _seconds(options),
    )


def _check(options: dict[str, str]) -> None:
    unknown = sorted(options.keys() - PASSED_ON - {CONNECT_TIMEOUT})
    if unknown:
        known = ", ".join(sorted(PASSED_ON | {CONNECT_TIMEOUT}))
        raise InvalidValue(f"DATABASE_URL: option {unknown[0]} is not supported, remove it; supported are {known}")
    if "sslmode" in options and options["sslmode"] not in SSL_MODES:
        raise InvalidValue(f"DATABASE_URL: sslmode must be one of {', '.join(SSL_MODES)}")


def _seconds(options: dict[str, str]) -> float | None:
    value = options.get(CONNECT_TIMEOUT)
    if value is None:
        return None
    if not value.isdecimal() or int(value) == 0:
        raise InvalidValue(f"DATABASE_URL: {CONNECT_TIMEOUT} must be a whole number of seconds, at least 1")
    return float(value)
