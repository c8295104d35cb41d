"""`scrape-all-platforms` over the whole simulated world, by a running operator: time, memory, and its truth."""

import json
import time
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from scrape_operator.core.odds.model import line_text
from scrape_operator.platforms.odds.markets import MAIN_MARKETS
from tests.dev.bench.herd import cpu_seconds, operator_for_bench
from tests.dev.bookmakers.scene import FIRST_NUMBER, OFFERS
from tests.dev.bookmakers.thread import BookmakersThread
from tests.dev.bookmakers.world import BOOKS
from tests.dev.controlplane.controlplane import open_cluster
from tests.dev.demo.samples import PLATFORMS
from tests.e2e.process import Operator, until

LEAGUES, EVENTS = 300, 1500
PRICES = "SELECT bookmaker, bookmaker_event_id, market, line, outcome, price FROM event_odds"

Truth = dict[tuple[str, int, str, str, str], Decimal]


def run() -> Sequence[str]:
    """Scrape the world once, and hold what the views show against what the world offers."""
    books = BookmakersThread(LEAGUES, EVENTS, moving=False)
    offered = truth(books)  # thought up here, not while the run is timed
    with open_cluster() as cluster, books, operator_for_bench(cluster, SCRAPE_INTERVAL_MINUTES="60") as operator:
        cpu = cpu_seconds(operator.pid)
        operator.apply(job(books))
        row = until("the end of the run", lambda: operator.ended(PLATFORMS), within=300)[0]
        cpu = cpu_seconds(operator.pid) - cpu
        time.sleep(1)
        return [*report(operator, row, cpu), compare(stored(operator), offered)]


def job(books: BookmakersThread) -> dict[str, object]:
    """Return the sample's job with the adapters' own markets."""
    names = zip(("sportybet", "betpawa", "bet9ja"), books.sites.items(), strict=True)
    targets = [
        {"name": name, "platform": {"name": book, "config": {"baseURL": site.url}}} for name, (book, site) in names
    ]
    metadata = {"name": PLATFORMS}
    kind = {"apiVersion": "scrape-operator.dev/v1alpha1", "kind": "ScrapeSchedule"}
    return {**kind, "metadata": metadata, "spec": {"timeout": "5m", "targets": targets}}


def report(operator: Operator, row: dict[str, object], cpu: float) -> Sequence[str]:
    """Return what the run took."""
    targets = operator.rows("SELECT target, status, duration, requests, items, phases FROM scrape_target_runs")
    peak = next(line for line in Path(f"/proc/{operator.pid}/status").read_text().splitlines() if "VmHWM" in line)
    items = sum(target["items"] for target in targets)
    each = cpu / max(1, items) * 1000
    return [
        f"run {row['status']} {row['reason']}: {items} events, operator CPU {cpu:.1f} s, {each:.1f} ms an event",
        *(
            f"{one['target']}: {one['status']}, {one['items']} events, {one['requests']} requests in "
            f"{one['duration']:.1f} s, {json.loads(one['phases'])}"
            for one in targets
        ),
        f"peak memory of the operator: {int(peak.split()[1]) / 1024:.0f} MiB",
    ]


def truth(books: BookmakersThread) -> Truth:
    """Return what the world offers."""
    found: Truth = {}
    for book in BOOKS:
        lines = {market: offered for market, offered in OFFERS[book].items() if market in MAIN_MARKETS}
        for number, prices in books.world.truth(book, lines).items():
            found |= {(book, number, *key): price for key, price in prices.items()}
    return found


def stored(operator: Operator) -> Truth:
    """Return what the view shows."""
    found: Truth = {}
    for row in operator.rows(PRICES):
        number = int(row["bookmaker_event_id"].rsplit(":", 1)[-1]) - FIRST_NUMBER[row["bookmaker"]]
        line = line_text(None if row["line"] is None else Decimal(str(row["line"])))
        found[row["bookmaker"], number, row["market"], line, row["outcome"]] = Decimal(str(row["price"]))
    return found


def compare(found: Truth, offered: Truth) -> str:
    """Return how the view and the world differ."""
    wrong = sum(found.get(key) != price for key, price in offered.items())
    return f"prices offered {len(offered)}, in event_odds {len(found)}, missing or wrong {wrong}"
