"""`make bench`: the figures that the docs quote, each with the command that gives it."""

import sys
from collections.abc import Callable, Sequence

from tests.dev.bench import (
    extract,
    fairness,
    fetch,
    fleet,
    herd,
    hostile,
    hung,
    items,
    job,
    lists,
    table,
    timers,
    unchanged,
)
from tests.dev.bookmakers import bench as bookmakers

BENCHES: dict[str, tuple[str, Callable[[], Sequence[str]]]] = {
    "fetch": ("CPU per request beside bare aiohttp, bare httpx over aiohttp, and Scrapy, on one server", fetch.run),
    "extract": ("runs over pages of 2 and 20 MB: the event loop and the memory of a pod of 512 MiB", extract.run),
    "unchanged": ("what a target that did not change saves: read anew, same body, 304", unchanged.run),
    "herd": ("500 schedules of 50 hosts every 2 s for 60 s, one replica, SQLite, real API server", herd.run),
    "lists": (
        "herd with a core of its own, without and beside 10 lists of 500 runs a second by the results API",
        lists.run,
    ),
    "table": ("a list of 500 runs as a table, SQLite: CPU of reading and rendering", table.run),
    "fleet": ("10,000 schedules of 50 hosts every minute, one replica, SQLite, real API server", fleet.run),
    "hostile": (
        "hostile servers beside an unrelated schedule, in 512 MiB (root, cgroup v1), real API server",
        hostile.run,
    ),
    "fairness": (
        "shares beside costly pages, refusals and slow bodies, in 512 MiB (root, cgroup v1), real API server",
        fairness.run,
    ),
    "hung": ("500 hung runs beside 200 schedules every 2 s, one replica, SQLite, real API server", hung.run),
    "items": ("1,000,000 items as CSV, SQLite: memory and CPU of the command, start skew beside it", items.run),
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


if __name__ == "__main__":
    main(sys.argv[1:])
