"""The plans of schedules from files, under the policies beside them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from scrape_operator.api.kinds.registry import SCRAPE_SCHEDULE, kind_of
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.local.objects import with_metadata
from scrape_operator.planning.policies import policies_of
from scrape_operator.planning.schedule import compile_schedule
from scrape_operator.settings import Settings


def plans_of(objects: Sequence[Mapping[str, Any]], settings: Settings) -> Iterator[SchedulePlan]:
    """Yield the plans of the schedules among some objects, under the policies among them."""
    default_interval = timedelta(minutes=settings.interval_minutes)
    policies = policies_of(objects, settings.allow_cidrs)
    for obj in objects:
        if kind_of(obj) is SCRAPE_SCHEDULE:
            yield compile_schedule(with_metadata(obj), default_interval, policies)
