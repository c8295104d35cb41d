"""`scrape-all-platforms` over the whole simulated world, by a running operator: time, memory, and its truth.

Other schedules run every second meanwhile: how late their runs begin shows whether storing the world holds them up.
"""

import json
import math
import re
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from scrape_operator.core.odds.model import line_text
from scrape_operator.platforms.odds.markets import MAIN_MARKETS
from tests.dev.bench.herd import cpu_seconds, create_in_batches, operator_for_bench
from tests.dev.bench.static import static_site
from tests.dev.bookmakers.scene import FIRST_NUMBER, OFFERS
from tests.dev.bookmakers.thread import BookmakersThread
from tests.dev.bookmakers.world import BOOKS
from tests.dev.controlplane.controlplane import open_cluster
from tests.dev.demo.samples import PLATFORMS
from tests.e2e.process import Operator, until
from tests.e2e.slots import instant

LEAGUES, EVENTS = 300, 1500
OTHERS = 20
"""Other schedules, each every second."""
SETTLE_SECONDS = 5
PRICES = "SELECT bookmaker, bookmaker_event_id, market, line, outcome, price FROM event_odds"

Truth = dict[tuple[str, int, str, str, str], Decimal]


def run() -> Sequence[str]:
    """Scrape the world once, and hold what the views show against what the world offers."""
    books = BookmakersThread(LEAGUES, EVENTS, moving=False)
    offered = truth(books)  # thought up here, not while the run is timed
    with (
        open_cluster() as cluster,
        books,
        static_site() as url,
        operator_for_bench(cluster, SCRAPE_INTERVAL_MINUTES="60") as operator,
    ):
        create_in_batches(operator, OTHERS, [url], "1s")
        time.sleep(SETTLE_SECONDS)
        samples = [(datetime.now(UTC), start_skews(operator))]
        cpu = cpu_seconds(operator.pid)
        operator.apply(job(books))

        def ended() -> list[dict[str, Any]]:
            samples.append((datetime.now(UTC), start_skews(operator)))
            return operator.ended(PLATFORMS)

        row = until("the end of the run", ended, within=300)[0]
        cpu = cpu_seconds(operator.pid) - cpu
        return [
            *report(operator, row, cpu),
            *claims(samples, instant(row["completed_at"])),
            compare(stored(operator), offered),
        ]


Sample = tuple[datetime, Counter[float]]
"""When the metrics were read, and how many runs were claimed within so many seconds of their due time."""


def start_skews(operator: Operator) -> Counter[float]:
    """Return how many runs were claimed within so many seconds of their due time, by the buckets of the metric."""
    _, text = operator.probe("/metrics")
    found = re.findall(r'^scrape_operator_run_start_skew_seconds_bucket\{le="([^"]+)"\} (\S+)$', text, re.MULTILINE)
    return Counter({float(le): int(float(count)) for le, count in found})


def claims(samples: Sequence[Sample], read_at: datetime) -> Sequence[str]:
    """Return how late other schedules were claimed: during the whole run, and while its result was stored."""
    first, (end, last) = samples[0][1], samples[-1]
    stored_since = max((sample for sample in samples if sample[0] <= read_at), key=lambda one: one[0])[1]
    seconds = (end - read_at).total_seconds()
    return [
        f"claims of {OTHERS} other schedules during the run: {_lateness(last - first)}",
        f"meanwhile {seconds:.1f} s of storing: {_lateness(last - stored_since)}",
    ]


def _lateness(skews: Counter[float]) -> str:
    total = skews[math.inf]
    p99 = min((le for le, count in skews.items() if count >= 0.99 * total), default=math.inf)
    return f"{total}, p99 <= {p99 * 1000:g} ms, at most 250 ms: {skews[0.25]}"


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
    targets = operator.rows(
        "SELECT target, status, duration, requests, items, phases FROM scrape_target_runs WHERE phases <> '{}'"
    )
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
