"""What a run has to do, compiled once per generation from a schedule's targets."""

from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from scrape_operator.core import placeholders
from scrape_operator.core.documents import Request
from scrape_operator.core.expectations import Expectations
from scrape_operator.core.retrying import RetryPolicy
from scrape_operator.extraction.compiled import CompiledExtract
from scrape_operator.platforms.port import Platform


@dataclass(frozen=True, slots=True)
class TargetWork:
    """One target: the request as written, with its placeholders, and how to read the answer."""

    name: str
    request: Request
    retry: RetryPolicy
    extract: CompiledExtract
    key: tuple[str, ...]
    expectations: Expectations

    def request_for(self, scheduled_for: datetime, zone: ZoneInfo) -> Request:
        """Fill in `{scheduledFor}` for one run."""
        request = self.request
        if not any(map(placeholders.is_template, (request.url, *(value for _, value in request.params)))):
            return request
        params = [(name, placeholders.render(value, scheduled_for, zone)) for name, value in request.params]
        return replace(request, url=placeholders.render(request.url, scheduled_for, zone), params=params)


@dataclass(frozen=True, slots=True)
class PlatformWork:
    """One target that an adapter scrapes; `config` has been validated by the adapter's own model."""

    name: str
    platform: Platform
    config: BaseModel
    retry: RetryPolicy
    expectations: Expectations


Work = TargetWork | PlatformWork


@dataclass(frozen=True, slots=True)
class ScheduleWork:
    """All targets of a schedule, in spec order, and how many of them must succeed."""

    targets: tuple[Work, ...]
    min_succeeded: int
    zone: ZoneInfo
