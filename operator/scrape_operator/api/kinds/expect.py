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
    """How many of the items must have a value in a field."""

    field: FieldName
    """The name of a field of extract or follow, such as price."""

    min_percent: Percent
    """The smallest percentage of items in which the field must have a value, such as 95."""


class Expect(ApiModel):
    """What the items of a run must look like.

    A breach is shown by the run, the condition DataHealthy, an Event and a metric.
    """

    min_items: Annotated[int, Integer(0, 10_000_000)] | None = None
    """The smallest number of items of a healthy run. Absent: 1, so that an empty result is never a quiet success. Set
    0 where an empty result is normal."""

    max_drop_percent: Percent | None = None
    """By how many percent the number of items may be below the median of the last 10 good runs, such as 50. Absent:
    any drop is accepted."""

    coverage: Annotated[tuple[Coverage, ...], Bounds(max_length=64)] = ()
    """In how many of the items a field must have a value, for each field that matters."""

    on_breach: OnBreach = OnBreach.WARN
    """Warn: the run is PartiallySucceeded and its items are stored. Fail: the target fails and its items are not
    stored. A run without any item fails in both cases, unless minItems is 0."""
