"""Writes for `init` a schedule for what an address holds. What it writes was tried on the answer itself."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

import yaml

from scrape_operator.cli.networks import network_remedy
from scrape_operator.clock import SystemClock
from scrape_operator.core.errors import InvalidValue, NotFound, ScrapeFailed
from scrape_operator.core.net.access import NO_ACCESS
from scrape_operator.core.net.deadline import Deadline
from scrape_operator.core.net.documents import Request, Response
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.retry import RetryPolicy
from scrape_operator.discovery.credentials import Header
from scrape_operator.discovery.document import discover
from scrape_operator.discovery.manifest import MAX_NAME, write_manifest
from scrape_operator.fetching.fetcher import open_fetcher
from scrape_operator.fetching.hosts.gate import Requester
from scrape_operator.fetching.saved import open_saved_fetcher
from scrape_operator.local.plans import plans_of
from scrape_operator.local.trial import try_schedule
from scrape_operator.running.opening import open_runner
from scrape_operator.settings import Settings

TIMEOUT_SECONDS = 60.0
TRIED_PROPOSALS = 5

_NAME = re.compile(rf"(?=.{{1,{MAX_NAME}}}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?", re.ASCII)


_KEYS = "--header 'Authorization: Bearer TOKEN', or --header 'X-Api-Key: KEY'"
REMEDIES = {
    Reason.AUTH_FAILED: f"send the credential that the site asks for: {_KEYS}",
    Reason.BLOCKED: f"if the site asks for a credential, send it: {_KEYS}",
}
"""What to do when the site refuses the request."""


async def propose(settings: Settings, url: str, headers: Sequence[Header] = (), name: str = "") -> str:
    """Return the YAML of a schedule that reads the address.

    Args:
        settings: The settings of the command.
        url: The address.
        headers: What the request sends. Values that may be credentials are not in the YAML.
        name: The name of the schedule. Empty: one made of the address.

    Raises:
        InvalidValue: The address is none, or the name.
        ScrapeFailed: The address cannot be read.
        NotFound: It has no list of items.

    """
    if name and not _NAME.fullmatch(name):
        raise InvalidValue(f"--name {name!r} is no name of an object: use a-z, 0-9 and -, up to {MAX_NAME} characters")
    response = await _fetch(settings, Request(url, headers=headers))
    content_type = response.headers.get("content-type", "")
    found = replace(discover(url, response.body, content_type), headers=headers, name=name)
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


def parse_headers(texts: Sequence[str]) -> list[Header]:
    """Read the values of `--header`.

    Raises:
        InvalidValue: One is no header, or a name comes twice; the message has no value.

    """
    headers: dict[str, Header] = {}
    for number, text in enumerate(texts, start=1):
        name, colon, value = text.partition(":")
        if not colon or not name.strip():
            raise InvalidValue(f"--header number {number} is no header: write it as 'Name: value'")
        if name.strip().lower() in headers:
            raise InvalidValue(f"--header {name.strip()} is given twice: give each header once")
        headers[name.strip().lower()] = name.strip(), value.strip()
    return list(headers.values())


async def _fetch(settings: Settings, request: Request) -> Response:
    """Fetch a page. Another site, to which a redirect leads, does not get headers that may be credentials."""
    clock = SystemClock()
    requester = Requester(str(uuid4()), Deadline.after(TIMEOUT_SECONDS, clock.monotonic))
    async with open_fetcher(settings) as fetcher:
        try:
            return await fetcher.open_session(requester, RetryPolicy(), NO_ACCESS).fetch(request)
        except ScrapeFailed as failure:
            if allowing := network_remedy([failure.message]):
                raise ScrapeFailed(failure.reason, f"{failure.message}; on this machine: {allowing}") from failure
            if failure.reason not in REMEDIES:
                raise
            remedy = "check names and values of --header" if request.headers else REMEDIES[failure.reason]
            raise ScrapeFailed(failure.reason, f"{failure.message.partition('; ')[0]}; {remedy}") from failure


async def _gives_items(settings: Settings, text: str, response: Response, content_type: str) -> bool:
    clock = SystemClock()
    [plan] = plans_of([yaml.safe_load(text)], settings)
    async with (
        open_saved_fetcher(settings, response.body, content_type) as fetcher,
        open_runner(fetcher, clock) as runner,
    ):
        result = await try_schedule(runner, plan, clock, clock.now())
    return any(target.items for target in result.targets)
