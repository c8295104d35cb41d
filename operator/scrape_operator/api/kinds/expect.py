"""What healthy data looks like: `expect` of a target."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field as Bounds

from scrape_operator.api.kinds.base import ApiModel
from scrape_operator.api.kinds.values import FieldName, Integer

Percent = Annotated[int, Integer(1, 100)]


class OnBreach(StrEnum):
    """What a breach does to the target."""

    WARN = "Warn"
    FAIL = "Fail"


class Coverage(ApiModel):
    """How many of the items must have a field."""

    field: FieldName
    """The name of a field of extract or follow."""

    min_percent: Percent
    """The percentage of items in which it must not be missing, 1 to 100."""


class Expect(ApiModel):
    """What a run's items must be like. A breach shows in the run, the condition DataHealthy, an Event and a metric."""

    min_items: Annotated[int, Integer(0, 10_000_000)] | None = None
    """The fewest items of a healthy run. Absent means 1, since an empty result is never a quiet success; say 0 where
    empty is normal."""

    max_drop_percent: Percent | None = None
    """By how many percent the number of items may lie below the median of the last 10 good runs, 1 to 100."""

    coverage: Annotated[tuple[Coverage, ...], Bounds(max_length=64)] = ()
    """In how many of the items a field must be present."""

    on_breach: OnBreach = OnBreach.WARN
    """Warn: the run is PartiallySucceeded and its items are kept. Fail: the target fails and its items are not
    written."""
