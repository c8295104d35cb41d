"""An API server in memory: it merge-patches statuses (RFC 7396), and can refuse, hang, or have lost an object."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from scrape_operator.core.schedule.plan import ObjectKey


class FakeApiServer:
    def __init__(self, seconds: float = 0.01) -> None:
        self.seconds = seconds
        self.statuses: dict[str, dict[str, Any]] = {}
        self.writes: list[tuple[float, str]] = []
        self.attempts: list[tuple[float, str]] = []
        self.gone: set[str] = set()
        self.error: Callable[[], Exception] | None = None
        self.hangs = False
        self.in_flight: list[str] = []
        self.most_in_flight = 0
        self.events: list[tuple[str, str, str, str]] = []
        self.series: dict[str, tuple[int, datetime]] = {}
        self.expired: set[str] = set()
        self.event_requests = 0

    async def patch_status(self, key: ObjectKey, status: Mapping[str, object]) -> bool:
        now = asyncio.get_running_loop().time()
        self.attempts.append((now, key.uid))
        assert key.uid not in self.in_flight, "two writes for one object at a time"
        self.in_flight.append(key.uid)
        self.most_in_flight = max(self.most_in_flight, len(self.in_flight))
        try:
            await asyncio.sleep(1e6 if self.hangs else self.seconds)
        finally:
            self.in_flight.remove(key.uid)
        if self.error is not None:
            raise self.error()
        if key.uid in self.gone:
            return False
        self.statuses[key.uid] = merged(self.statuses.get(key.uid), status)
        self.writes.append((now, key.uid))
        return True

    async def post_event(self, key: ObjectKey, *, type_: str, reason: str, message: str, at: datetime) -> str:
        await self._take_event_request()
        self.events.append((key.uid, type_, reason, message))
        return f"event-{len(self.events)}"

    async def count_event(self, key: ObjectKey, name: str, *, count: int, at: datetime) -> bool:
        await self._take_event_request()
        if name in self.expired:
            return False
        self.series[name] = (count, at)
        return True

    async def _take_event_request(self) -> None:
        self.event_requests += 1
        await asyncio.sleep(self.seconds)
        if self.error is not None:
            raise self.error()

    def condition(self, uid: str, kind: str) -> tuple[str, str]:
        found = next(one for one in self.statuses[uid]["conditions"] if one["type"] == kind)
        return found["status"], found["reason"]


def merged(target: object, patch: Mapping[str, object]) -> dict[str, Any]:
    """Apply a JSON merge patch as RFC 7396 section 2 says."""
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, Mapping):
            result[name] = merged(result.get(name), value)
        else:
            result[name] = value
    return result
