"""The settings of the process, and the only code that reads environment variables for them."""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_interface, ip_network
from pathlib import Path
from socket import gethostname
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from scrape_operator.core.errors import InvalidSettings, InvalidValue

PREFIX = "SCRAPE_OPERATOR_"
ALL_ADDRESSES = str(IPv4Address(0))  # the kubelet probes the address of the pod
DATABASE_SCHEMES = ("postgresql://", "postgres://", "postgresql+asyncpg://", "sqlite://", "sqlite+aiosqlite://")

NETWORK_PATTERN = (
    r"^((25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(\.(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])){3}/(3[0-2]|[12]?[0-9])"
    r"|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*/(12[0-8]|1[01][0-9]|[1-9]?[0-9]))$"
)
"""The form of a network; the schema of the chart's values has the same pattern."""

_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
# Kubernetes sets these in every pod of a namespace with a Service named scrape-operator.
_SERVICE_LINK = re.compile(rf"{PREFIX}(SERVICE_(HOST|PORT(_\w+)?)|PORT(_\w+)?)")


class Settings(BaseSettings):
    """How this process runs.

    The environment variable of a setting is `SCRAPE_OPERATOR_` and the name of the field in capitals. Two variables
    have the names that other tools use: `SCRAPE_INTERVAL_MINUTES` and `DATABASE_URL`.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, use_attribute_docstrings=True, env_ignore_empty=True
    )

    interval_minutes: Annotated[int, Field(ge=1, le=43_200, validation_alias="SCRAPE_INTERVAL_MINUTES")] = 5
    """Minutes between runs of a schedule that has neither interval nor schedules."""

    database_url: Annotated[SecretStr | None, Field(validation_alias="DATABASE_URL")] = None
    """The database for runs and items: postgresql://user:password@host/database. Absent: SQLite at sqlite_path."""

    sqlite_path: Path = Path("scrape-operator.db")
    """The SQLite file that is used without DATABASE_URL."""

    namespaces: Annotated[tuple[str, ...], NoDecode] = ()
    """The namespaces to watch, separated by commas. Empty: all."""

    identity: str = Field(default_factory=gethostname)
    """The name of this replica in status.owner. The chart sets it to the pod's name."""

    listen_host: str = ALL_ADDRESSES
    """The address that /healthz, /readyz and /metrics listen on."""

    listen_port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """The port that /healthz, /readyz and /metrics listen on. 0 chooses a free one."""

    results_api_port: Annotated[int, Field(ge=0, le=65535)] = 8443
    """The port that the results API listens on, with TLS, at the address of listen_host. 0 chooses a free one."""

    results_api_service: str = ""
    """Namespace and name, as in shop/results, of the Service through which the API server calls the results API."""

    results_api_certificate_dir: Path | None = None
    """The folder with tls.crt and tls.key of the results API. Absent: it makes them, in Secret `<service>-tls`."""

    max_concurrent_runs: Annotated[int, Field(ge=1, le=10_000)] = 2000
    """The largest number of runs at the same time. Others wait and keep their due time."""

    host_max_concurrent: Annotated[int, Field(ge=1, le=1000)] = 4
    """The largest number of open requests to one host, over all schedules."""

    host_min_interval_seconds: Annotated[float, Field(ge=0, le=3600)] = 0.0
    """Seconds between the starts of two requests to one host. 0 sets no pace."""

    breaker_cooldown_seconds: Annotated[float, Field(gt=0, le=86_400)] = 30.0
    """Seconds that a schedule does not request a host after repeated refusals (403, 429). They double each time, up to
    15 minutes. After repeated failures without an answer it is always 5 seconds, doubled up to 1 minute."""

    status_writes_per_second: Annotated[float, Field(gt=0, le=1000)] = 20.0
    """The largest number of status patches a second. One costs the API server 4 to 10 ms of CPU."""

    run_lease_seconds: Annotated[float, Field(ge=3, le=600)] = 15.0
    """Seconds after which a run whose row was not renewed is ended as Orphaned."""

    shutdown_grace_seconds: Annotated[float, Field(ge=0, le=3600)] = 20.0
    """Seconds that active runs may take after SIGTERM before they are canceled; less than the pod's grace period."""

    reconcile_seconds: Annotated[float, Field(ge=1, le=3600)] = 300.0
    """The most seconds between two lists that find what the watch missed. With few objects they are a few seconds."""

    allow_cidrs: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()
    """Networks outside the public internet that targets may be in, separated by commas, such as 10.20.0.0/16."""

    user_agent: str = "scrape-operator (+https://scrape-operator.dev)"
    """The User-Agent header of requests whose target sets none."""

    tracing: bool = False
    """Whether runs, targets and requests are traced by OpenTelemetry, which its own OTEL_* variables configure."""

    log_format: Literal["json", "console"] = "json"
    """The format of the log: json for machines, console for people."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """The least severe level that is logged. Libraries log nothing below WARNING."""

    @property
    def database_name(self) -> str:
        """Return the database for a message, without its password."""
        if self.database_url is None:
            return f"the SQLite file {self.sqlite_path.absolute()} (DATABASE_URL is not set)"
        return "the database of DATABASE_URL"

    @property
    def results_service(self) -> tuple[str, str]:
        """Return namespace and name of the Service of the results API.

        Raises:
            InvalidSettings: It is not set.

        """
        namespace, _, name = self.results_api_service.partition("/")
        if not name:
            variable = variable_of("results_api_service")
            raise InvalidSettings(f"{variable}: set it to namespace/name of the Service of the results API")
        return namespace, name

    @field_validator("results_api_service")
    @classmethod
    def _namespace_and_name(cls, value: str) -> str:
        if value and not all(_NAMESPACE.fullmatch(part) for part in (*value.split("/", 1), "")[:2]):
            raise InvalidValue(f"{value!r} is not namespace/name of a Service, as in shop/results")
        return value

    @field_validator("namespaces", mode="before")
    @classmethod
    def _split_namespaces(cls, value: object) -> object:
        names = _split(value)
        if isinstance(names, tuple) and (wrong := [name for name in names if not _NAMESPACE.fullmatch(str(name))]):
            raise InvalidValue(f"{wrong[0]!r} is not the name of a namespace: separate names by commas")
        return names

    @field_validator("allow_cidrs", mode="before")
    @classmethod
    def _split_networks(cls, value: object) -> object:
        networks = _split(value)
        return tuple(map(_network, networks)) if isinstance(networks, tuple) else networks

    @field_validator("database_url")
    @classmethod
    def _known_scheme(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(DATABASE_SCHEMES):
            raise InvalidValue("must begin with postgresql:// or sqlite://")
        return value


def read_settings() -> Settings:
    """Return the settings of the environment, and warn of variables that are misspelt.

    Raises:
        InvalidSettings: Variables have wrong values.

    """
    for name in unknown_variables(os.environ):
        sys.stderr.write(f"scrape-operator: warning: {name}\n")
    try:
        return Settings()
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        raise InvalidSettings("\n".join(dict.fromkeys(map(_problem, details)))) from error


def variable_of(field: str) -> str:
    """Return the environment variable of a setting."""
    alias = Settings.model_fields[field].validation_alias
    return alias if isinstance(alias, str) else f"{PREFIX}{field}".upper()


def unknown_variables(environment: Mapping[str, str]) -> Iterator[str]:
    """Return a sentence for each variable that looks like a setting and is none."""
    known = {variable_of(field) for field in Settings.model_fields}
    for name in sorted(environment.keys() - known):
        if name.startswith(PREFIX) and not _SERVICE_LINK.fullmatch(name):
            meant = get_close_matches(name, known, n=1, cutoff=0.85)
            yield f"{name} is not a setting" + (f": did you mean {meant[0]}?" if meant else "")


def _problem(detail: ErrorDetails) -> str:
    place = str(detail["loc"][0])
    variable = variable_of(place) if place in Settings.model_fields else place
    return f"{variable}: {detail['msg'].removeprefix('Value error, ')}"


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _network(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        network = ip_network(value, strict=False)
    except ValueError as error:
        raise InvalidValue(f"{value!r} is not a network: write one such as 10.20.0.0/16") from error
    if not re.fullmatch(NETWORK_PATTERN, value) or ip_interface(value).ip != network.network_address:
        raise InvalidValue(f"{value!r} is not a network: write {network}")
    return network
