"""Checks an adapter against the rules of `port.Platform`. For the tests of everybody who writes one.

Example:
    `assert await find_violations(MyPlatform(), config, fetcher) == []`, where `fetcher` reaches a simulated back end.

"""

import asyncio
import re
from collections.abc import Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

import orjson

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.documents import Request, Response
from scrape_operator.core.ports import Fetcher
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import SinkPayload
from scrape_operator.platforms.port import Platform, ScrapeContext

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,62}")
_KEY_LIMIT = 16

MAX_REFUSED = 16
"""Requests that may be under way when the first of them is refused."""


async def find_violations(platform: Platform, config: Any, fetcher: Fetcher, now: datetime | None = None) -> list[str]:
    """Return the rules that an adapter breaks, one line each. `now` is the time that its scrapes are given."""
    moment = now or datetime.now(UTC)
    found = [*_wrong_description(platform, config)]
    found += await _wrong_check(platform, config, fetcher)
    first, problems = await _scraped(platform, config, fetcher, moment)
    found += problems
    again, _ = await _scraped(platform, config, fetcher, moment)
    if first != again:
        found.append("scrape gives other keys when the same thing is read again")
    found += await _wrong_end(platform, config, fetcher, moment)
    found += await _wrong_failure(platform, config, moment)
    return found


def _wrong_description(platform: Platform, config: Any) -> list[str]:
    found = []
    if not _NAME.fullmatch(platform.name):
        found.append(f"name {platform.name!r} is not made of at most 63 letters and digits")
    if platform.config_model.model_json_schema(by_alias=True).get("type") != "object":
        found.append("config_model describes no object")
    if not isinstance(config, platform.config_model):
        found.append("config is no instance of config_model")
    if not 1 <= len(platform.key) <= _KEY_LIMIT:
        found.append(f"key names {len(platform.key)} fields: 1 to {_KEY_LIMIT} tell items apart")
    odd = [host for host in platform.budgets(config) if not host or host != host.lower() or "/" in host]
    found += [f"budgets names {host!r}: write a host in lower case, with its port if not the usual" for host in odd]
    return found


async def _wrong_check(platform: Platform, config: Any, fetcher: Fetcher) -> list[str]:
    try:
        await platform.check(config, fetcher)
    except ScrapeFailed as failure:
        return [f"check fails on a healthy back end: {failure}"]
    return []


async def _scraped(platform: Platform, config: Any, fetcher: Fetcher, now: datetime) -> tuple[set[str], list[str]]:
    """Scrape to the end; return the keys, and what is wrong with the items."""
    keys: set[str] = set()
    found: list[str] = []
    items_read: list[Mapping[str, Any]] = []
    context = ScrapeContext(now, lambda: now)
    async with aclosing(platform.scrape(config, fetcher, context)) as items:
        async for item in items:
            items_read.append(item)
            problem = _wrong_item(item, platform)
            key = "" if problem else orjson.dumps([item[name] for name in platform.key]).decode()
            if not problem and key in keys:
                problem = f"two items have the key {key}"
            found += [problem] if problem else []
            keys.add(key)
            context.deliver()
    context.settle()
    if not keys:
        found.append("scrape yields nothing from a healthy back end")
    if not context.is_complete:
        found.append(f"scrape loses things on a healthy back end: {context.warnings()[0]}")
    payload: object = platform.sink_payload(config, items_read, context)
    if payload is not None and not isinstance(payload, SinkPayload):
        found.append("sink_payload returns no SinkPayload")
    return keys, found


def _wrong_item(item: Mapping[str, Any], platform: Platform) -> str | None:
    missing = [name for name in platform.key if item.get(name) is None]
    if missing:
        return f"an item lacks the fields of its key: {', '.join(missing)}"
    try:
        same = orjson.loads(orjson.dumps(dict(item), option=orjson.OPT_PASSTHROUGH_DATETIME)) == item
    except (TypeError, orjson.JSONEncodeError) as error:
        return f"an item is no JSON: {error}"
    return None if same else "an item changes when it is written as JSON and read again"


async def _wrong_end(platform: Platform, config: Any, fetcher: Fetcher, now: datetime) -> list[str]:
    """Stop after the first item: nothing may go on in the background."""
    before = asyncio.all_tasks()
    async with aclosing(platform.scrape(config, fetcher, ScrapeContext(now, lambda: now))) as items:
        async for _item in items:
            break
    left = asyncio.all_tasks() - before
    return ["scrape leaves tasks behind when it is closed early"] if left else []


class _BlockedFetcher(Fetcher):
    """A fetcher whose every request is refused."""

    def __init__(self) -> None:
        self.asked = 0

    async def fetch(self, request: Request) -> Response:
        self.asked += 1
        raise ScrapeFailed(Reason.BLOCKED, "answered 403 Forbidden", http_status=403)


async def _wrong_failure(platform: Platform, config: Any, now: datetime) -> list[str]:
    """Check that refused requests end in a ScrapeFailed with the same reason, after few requests."""
    blocked = _BlockedFetcher()
    try:
        async with aclosing(platform.scrape(config, blocked, ScrapeContext(now, lambda: now))) as items:
            async for _item in items:
                pass
    except ScrapeFailed as failure:
        found = [] if failure.reason is Reason.BLOCKED else [f"a refusal ends the scrape as {failure.reason}"]
        if blocked.asked > MAX_REFUSED:
            found.append(f"a platform that refuses is asked {blocked.asked} times")
        return found
    return ["scrape hides that every request was refused"]
