"""The config of Bet9ja's adapter."""

from typing import Annotated

from pydantic import Field, StringConstraints

from scrape_operator.platforms.odds.config import NumericId, OddsConfig


class Bet9jaConfig(OddsConfig):
    """Which of Bet9ja's odds are read."""

    leagues: Annotated[tuple[NumericId, ...], Field(max_length=500)] = ()
    """Only these leagues, by Bet9ja's GROUPID, which may change between seasons. Absent: all."""

    cache_version: Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9.]+$", max_length=32)] | None = None
    """The build of the site in the parameter v_cache_version, such as 1.326.2.248. Absent: it is not sent."""

    @property
    def site(self) -> str:
        """The root of the site, which requests send as their referer."""
        return self.base_url or "https://sports.bet9ja.com"

    @property
    def root(self) -> str:
        """The root of the prematch API."""
        return f"{self.site}/desktop/feapi/PalimpsestAjax"
