"""The config of SportyBet's adapter."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from scrape_operator.platforms.odds.config import OddsConfig

Country = Literal["ng", "gh", "ke", "tz", "za", "cm", "zm"]
TournamentId = Annotated[str, StringConstraints(strict=True, max_length=32, pattern=r"^(sr:tournament:)?[0-9]{1,18}$")]


class SportyBetConfig(OddsConfig):
    """Which of SportyBet's odds are read."""

    country: Country = "ng"
    """The country whose site is read."""

    tournaments: Annotated[tuple[TournamentId, ...], Field(max_length=500)] = ()
    """Only these tournaments, by SportRadar's number or id (sr:tournament:17). Absent: all."""

    operid: Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9]{1,4}$")] | None = None
    """The header `operid`, such as 2 for Nigeria. Absent: it is not sent."""

    def bookmaker(self, name: str) -> str:
        """Add the country to the name, except to Nigeria's."""
        return name if self.country == "ng" else f"{name} {self.country.upper()}"

    @property
    def root(self) -> str:
        """The root of the API."""
        return f"{self.base_url or 'https://www.sportybet.com'}/api/{self.country}/factsCenter"

    @property
    def tournament_ids(self) -> tuple[str, ...]:
        """The tournaments in the API's own form."""
        return tuple(f"sr:tournament:{name.removeprefix('sr:tournament:')}" for name in self.tournaments)
