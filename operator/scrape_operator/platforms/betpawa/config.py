"""The config of betPawa's adapter, and the hosts and brands of its countries."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from scrape_operator.platforms.odds.config import NumericId, OddsConfig

SITES = {
    "ng": ("www.betpawa.ng", "betpawa-nigeria"),
    "gh": ("www.betpawa.com.gh", "betpawa-ghana"),
    "ke": ("www.betpawa.co.ke", "betpawa-kenya"),
    "ug": ("www.betpawa.ug", "betpawa-uganda"),
    "tz": ("www.betpawa.co.tz", "betpawa-tanzania"),
    "zm": ("www.betpawa.co.zm", "betpawa-zambia"),
    "rw": ("www.betpawa.rw", "betpawa-rwanda"),
    "cm": ("www.betpawa.cm", "betpawa-cameroon"),
    "bj": ("www.betpawa.bj", "betpawa-benin"),
    "cd": ("www.betpawa.cd", "betpawa-drc"),
    "mw": ("www.betpawa.mw", "betpawa-malawi"),
    "mz": ("www.betpawa.co.mz", "betpawa-mozambique"),
    "ao": ("www.betpawa.ao", "betpawa-angola"),
    "sl": ("sl.betpawa.com", "betpawa-sierraleone"),
    "cg": ("cg.betpawa.com", "betpawa-congobrazzaville"),
    "ls": ("ls.betpawa.com", "betpawa-lesotho"),
    "bw": ("bw.betpawa.com", "betpawa-botswana"),
    "lr": ("lr.betpawa.com", "betpawa-liberia"),
    "ml": ("ml.betpawa.com", "betpawa-mali"),
    "ss": ("ss.betpawa.com", "betpawa-southsudan"),
    "tg": ("tg.betpawa.com", "betpawa-togo"),
    "zw": ("zw.betpawa.com", "betpawa-zimbabwe"),
}
"""By country: the host that answers the API without a redirect, and the brand header's value."""

Country = Literal[
    "ng", "gh", "ke", "ug", "tz", "zm", "rw", "cm", "bj", "cd", "mw",
    "mz", "ao", "sl", "cg", "ls", "bw", "lr", "ml", "ss", "tg", "zw",
]  # fmt: skip


class BetPawaConfig(OddsConfig):
    """Which of betPawa's odds are read."""

    country: Country = "ng"
    """The country whose site is read."""

    competitions: Annotated[tuple[NumericId, ...], Field(max_length=500)] = ()
    """Only these competitions, by betPawa's number. Absent: all."""

    api_version: Annotated[str, StringConstraints(strict=True, pattern=r"^v[0-9]{1,3}$", max_length=4)] = "v4"
    """The version in the API's path. betPawa retires old ones."""

    def bookmaker(self, name: str) -> str:
        """Add the country to the name, except to Nigeria's."""
        return name if self.country == "ng" else f"{name} {self.country.upper()}"

    @property
    def root(self) -> str:
        """The root of the API."""
        return f"{self.base_url or f'https://{SITES[self.country][0]}'}/api/sportsbook/{self.api_version}"

    @property
    def brand(self) -> str:
        """The value of the header x-pawa-brand."""
        return SITES[self.country][1]
