"""The only reader of the environment."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from socket import gethostname
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from scrape_operator.core.errors import InvalidValue


class Settings(BaseSettings):
    """How this process runs. Names in the environment: `SCRAPE_OPERATOR_` and the field, in capitals.

    Two names have no prefix, since others set them by convention: `SCRAPE_INTERVAL_MINUTES` and
    `DATABASE_URL`.
    """

    model_config = SettingsConfigDict(
        env_prefix="SCRAPE_OPERATOR_", frozen=True, use_attribute_docstrings=True, env_ignore_empty=True
    )

    interval_minutes: Annotated[int, Field(ge=1, le=43_200, validation_alias="SCRAPE_INTERVAL_MINUTES")] = 5
    """Minutes between runs of a schedule that has neither interval nor schedules."""

    database_url: Annotated[SecretStr | None, Field(validation_alias="DATABASE_URL")] = None
    """Where runs and items are kept: postgresql://user:password@host/database. Absent: SQLite at sqlite_path."""

    sqlite_path: Path = Path("scrape-operator.db")
    """The SQLite file that is used where there is no DATABASE_URL."""

    namespaces: Annotated[tuple[str, ...], NoDecode] = ()
    """The namespaces to watch, separated by commas. Empty: all."""

    identity: str = Field(default_factory=gethostname)
    """The name of this replica, as status.owner shows it; the chart sets it to the pod's name."""

    listen_host: str = "0.0.0.0"  # noqa: S104 -- probes come from the kubelet, over the pod's address
    """The address that /healthz, /readyz and /metrics listen on."""

    listen_port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """The port that /healthz, /readyz and /metrics listen on; 0 takes a free one."""

    max_concurrent_runs: Annotated[int, Field(ge=1, le=10_000)] = 2000
    """Runs that go on at the same time, most of them waiting for targets; others wait and keep their due time."""

    host_max_concurrent: Annotated[int, Field(ge=1, le=1000)] = 32
    """Requests that one host is asked at the same time, over all schedules."""

    host_min_interval_seconds: Annotated[float, Field(ge=0, le=3600)] = 0.0
    """Seconds between the starts of two requests to one host; 0 sets no pace."""

    breaker_cooldown_seconds: Annotated[float, Field(gt=0, le=86_400)] = 30.0
    """How long a host that refuses us is left alone at first; doubled each time, to 15 minutes."""

    status_writes_per_second: Annotated[float, Field(gt=0, le=1000)] = 20.0
    """Status patches a second at the most; one costs the API server 4 to 10 ms of CPU."""

    run_lease_seconds: Annotated[float, Field(ge=3, le=600)] = 15.0
    """A run whose row was not renewed for so long is taken for orphaned."""

    shutdown_grace_seconds: Annotated[float, Field(ge=0, le=3600)] = 20.0
    """How long running work may go on after SIGTERM before it is canceled; stay below the pod's grace period."""

    reconcile_seconds: Annotated[float, Field(ge=1, le=3600)] = 300.0
    """How often a metadata list finds what the watch missed."""

    allow_cidrs: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()
    """Networks outside the public internet that targets may be on, separated by commas, such as 10.20.0.0/16."""

    user_agent: str = "scrape-operator (+https://scrape-operator.dev)"
    """How requests identify themselves where a target sets no User-Agent."""

    log_format: Literal["json", "console"] = "json"
    """json for machines, console for people."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """What is logged: this and worse."""

    @field_validator("namespaces", "allow_cidrs", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("database_url")
    @classmethod
    def _known_scheme(cls, value: SecretStr | None) -> SecretStr | None:
        known = ("postgresql://", "postgres://", "postgresql+asyncpg://", "sqlite://", "sqlite+aiosqlite://")
        if value is not None and not value.get_secret_value().startswith(known):
            raise InvalidValue("DATABASE_URL must begin with postgresql:// or sqlite://")
        return value
