"""A watch of PostgreSQL beside two writers: what it tells amounts to what a list shows."""

import asyncio
from collections import Counter
from collections.abc import Mapping

from scrape_operator.storage.engine import migrate
from scrape_operator.storage.store import open_store
from tests.results.api import Stream, open_api
from tests.storage.values import settings_for, skip_of
from tests.storage.writing import write

LAST = "last"
"""The schedule whose only run is written after all others."""


async def follow(stream: Stream) -> tuple[Mapping[str, str], Counter[tuple[str, str]]]:
    """Read up to the last run; return what is left by name, and how often each version of a run was shown."""
    left: dict[str, str] = {}
    shown: Counter[tuple[str, str]] = Counter()
    while not any(name.startswith(f"{LAST}-") for name in left):
        event = await stream.next()
        metadata = event["object"]["metadata"]
        name, version = metadata["name"], metadata["resourceVersion"]
        if event["type"] == "DELETED":
            left.pop(name, None)
        else:
            left[name] = version
            shown[name, version] += 1
    return left, shown


async def test_a_watch_sees_what_two_writers_do_once(postgres_url: str) -> None:
    settings = settings_for(postgres_url)
    await migrate.upgrade(settings)
    async with (
        open_store(settings) as one,
        open_store(settings) as two,
        open_api(postgres_url) as api,
        api.watch(resourceVersion="0") as stream,
    ):
        following = asyncio.create_task(follow(stream))
        await asyncio.gather(write(one, 1), write(two, 2))
        await one.skip(skip_of(uid="uid-last", name=LAST))
        left, shown = await following
        listed = await api.list()
    assert left == {run["metadata"]["name"]: run["metadata"]["resourceVersion"] for run in listed["items"]}
    assert set(shown.values()) == {1}
