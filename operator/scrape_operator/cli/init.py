"""Writes for `init` a schedule for what an address holds. What it writes was tried on the answer itself."""

import json
from dataclasses import replace
from uuid import uuid4

import yaml

from scrape_operator.clock import SystemClock
from scrape_operator.core.errors import NotFound
from scrape_operator.core.net.deadline import Deadline
from scrape_operator.core.net.documents import Request, Response
from scrape_operator.core.runs.retry import RetryPolicy
from scrape_operator.discovery.document import discover
from scrape_operator.discovery.manifest import write_manifest
from scrape_operator.fetching.fetcher import open_fetcher
from scrape_operator.fetching.hosts.gate import Requester
from scrape_operator.fetching.saved import open_saved_fetcher
from scrape_operator.local.plans import plans_of
from scrape_operator.local.trial import try_schedule
from scrape_operator.running.opening import open_runner
from scrape_operator.settings import Settings

TIMEOUT_SECONDS = 60.0
TRIED_PROPOSALS = 5


async def propose(settings: Settings, url: str) -> str:
    """Return the YAML of a schedule that reads the address.

    Raises:
        InvalidValue: The address is none.
        ScrapeFailed: The address cannot be read.
        NotFound: It has no list of items.

    """
    response = await _fetch(settings, url)
    content_type = response.headers.get("content-type", "")
    found = discover(url, response.body, content_type)
    for number in range(min(len(found.proposals), TRIED_PROPOSALS)):
        first = found.proposals[number]
        others = [proposal for proposal in found.proposals if proposal is not first]
        text = write_manifest(replace(found, proposals=[first, *others]))
        if await _gives_items(settings, text, response, content_type):
            return text
    raise NotFound(f"{url} has lists, but none that could be read: write the extract by hand")


def as_json(manifest: str) -> str:
    """Return a manifest as JSON, without its comments."""
    return json.dumps(yaml.safe_load(manifest), ensure_ascii=False, indent=2) + "\n"


async def _fetch(settings: Settings, url: str) -> Response:
    clock = SystemClock()
    requester = Requester(str(uuid4()), Deadline.after(TIMEOUT_SECONDS, clock.monotonic))
    async with open_fetcher(settings) as fetcher:
        return await fetcher.open_session(requester, RetryPolicy()).fetch(Request(url))


async def _gives_items(settings: Settings, text: str, response: Response, content_type: str) -> bool:
    clock = SystemClock()
    [plan] = plans_of([yaml.safe_load(text)], settings)
    async with (
        open_saved_fetcher(settings, response.body, content_type) as fetcher,
        open_runner(fetcher, clock) as runner,
    ):
        result = await try_schedule(runner, plan, clock, clock.now())
    return any(target.items for target in result.targets)
