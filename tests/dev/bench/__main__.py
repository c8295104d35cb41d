"""`make bench`: the figures that the docs quote, each with the command that gives it."""

import sys
from collections.abc import Callable, Sequence

from tests.dev.bench import fetch, fleet, herd, hung, job, timers
from tests.dev.bookmakers import bench as bookmakers

BENCHES: dict[str, tuple[str, Callable[[], Sequence[str]]]] = {
    "fetch": ("CPU per request beside bare aiohttp and bare httpx over aiohttp, on one server", fetch.run),
    "herd": ("500 schedules every 2 s for 60 s, one replica, SQLite, real API server", herd.run),
    "fleet": ("10,000 schedules every minute, one replica, SQLite, real API server", fleet.run),
    "hung": ("500 hung runs beside 200 schedules every 2 s, one replica, SQLite, real API server", hung.run),
    "timers": ("the timer queue, and schedules that only wait", timers.run),
    "job": ("scrape-all-platforms by a running operator: 300 leagues, 1,500 events at each of three", job.run),
    "books": ("300 leagues and 1,500 events at each of three bookmakers", bookmakers.run),
}


def main(names: Sequence[str]) -> None:
    """Run the benches that are named, or all."""
    for name in names or BENCHES:
        title, bench = BENCHES[name]
        print(f"{name}: {title}", flush=True)
        for line in bench():
            print(f"  {line}", flush=True)


main(sys.argv[1:])
