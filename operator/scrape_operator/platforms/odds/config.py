"""What the configs of all bookmakers have in common: which sport, markets and kick-offs are read, and from where."""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints

from scrape_operator.api.kinds.base import ApiModel
from scrape_operator.api.kinds.quantities import GoDuration
from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.net.headers import refusal_of
from scrape_operator.core.net.urls import check_http_url
from scrape_operator.platforms.odds.markets import MAIN_MARKETS, MARKETS

EVERY_MARKET = "*"


def _known_market(name: str) -> str:
    if name == EVERY_MARKET or name in MARKETS:
        return name
    raise ValueError(f"is no market: known are {', '.join(MARKETS)}, and '*' for all that an event's page holds")


def _base_url(url: str) -> str:
    try:
        check_http_url(url)
    except InvalidValue as error:
        raise ValueError(str(error)) from error
    if "?" in url or "#" in url:
        raise ValueError("must have no query: write it as https://host/path")
    return url.rstrip("/")


def _settable(headers: dict[str, str]) -> dict[str, str]:
    for name in headers:
        if refusal := refusal_of(name):
            raise ValueError(f"{name} {refusal}")
    return headers


MarketName = Annotated[str, StringConstraints(strict=True, max_length=63), AfterValidator(_known_market)]
BaseURL = Annotated[str, StringConstraints(strict=True, max_length=512), AfterValidator(_base_url)]
NumericId = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9]{1,18}$", max_length=18)]
HeaderName = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$")]
HeaderValue = Annotated[str, StringConstraints(strict=True, pattern=r"^[\x20-\x7e]{0,512}$")]


class OddsConfig(ApiModel):
    """The config that all adapters of bookmakers share."""

    sport: Literal["football"] = "football"
    """The sport that is read."""

    markets: Annotated[tuple[MarketName, ...], Field(min_length=1, max_length=len(MARKETS) + 1)] = MAIN_MARKETS
    """The markets that are read, by their canonical names; "*" reads all of every event, with a request for each."""

    horizon: Annotated[timedelta, GoDuration("1m", "8760h")] | None = None
    """How far ahead events may begin. Absent: all that are listed."""

    base_url: Annotated[BaseURL | None, Field(alias="baseURL")] = None
    """The root of the API, if it is not the platform's own."""

    headers: Annotated[dict[HeaderName, HeaderValue], Field(max_length=20), AfterValidator(_settable)] = Field(
        default_factory=dict
    )
    """Headers of every request, in addition to the adapter's own or in place of them. Not for secrets."""

    @property
    def wants_all(self) -> bool:
        """Whether every market is read, also those without a canonical name."""
        return EVERY_MARKET in self.markets

    @property
    def wanted(self) -> frozenset[str] | None:
        """The canonical markets to keep; None keeps all."""
        return None if self.wants_all else frozenset(self.markets)

    def bookmaker(self, name: str) -> str:
        """Return the bookmaker's name. The sites of a brand in two countries are two bookmakers with own prices."""
        return name

    def until(self, now: datetime) -> datetime | None:
        """Return the latest kick-off that is read, or None if there is no limit."""
        return None if self.horizon is None else now + self.horizon

    def is_ahead(self, starts_at: datetime, now: datetime) -> bool:
        """Return whether an event begins within the horizon. One that has begun does not."""
        until = self.until(now)
        return starts_at > now and (until is None or starts_at <= until)


def host_of(base_url: str) -> str:
    """Return `host` or `host:port` of an address, for budgets."""
    return urlsplit(base_url).netloc.lower()
