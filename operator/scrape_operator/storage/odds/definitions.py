"""The definitions of markets: a margin is known only where a book offers all outcomes."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from scrape_operator.core.odds.model import OddsMarket
from scrape_operator.storage.engine.cleaning import clean_text
from scrape_operator.storage.engine.upserts import insert_into
from scrape_operator.storage.tables import odds_markets

_c = odds_markets.c


def define_markets(connection: Connection, markets: Sequence[OddsMarket]) -> None:
    """Write the markets that are new, or are defined differently by now."""
    wanted = {clean_text(market.name): market for market in markets}
    rows = connection.execute(select(_c.market, _c.outcomes, _c.winners))
    known = {row.market: (tuple(row.outcomes), row.winners) for row in rows}
    changed = [
        {
            "market": name,
            "outcomes": list(market.outcomes),
            "outcome_count": len(market.outcomes),
            "winners": market.winners,
        }
        for name, market in sorted(wanted.items())
        if known.get(name) != (market.outcomes, market.winners)
    ]
    if changed:
        statement = insert_into(connection.dialect.name, odds_markets)
        new = statement.excluded
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=[_c.market],
                set_={"outcomes": new.outcomes, "outcome_count": new.outcome_count, "winners": new.winners},
            ),
            changed,
        )
