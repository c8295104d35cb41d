"""The parts of `spec` that say when a schedule runs: spread and windows."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field as Bounds

from scrape_operator.api.kinds.base import ApiModel
from scrape_operator.api.kinds.lists import ListSet
from scrape_operator.api.kinds.values import Clock
from scrape_operator.api.rules import Rule
from scrape_operator.core.schedule.windows import WindowMode


class Spread(StrEnum):
    """How the due times of an interval are offset."""

    STABLE = "Stable"
    NONE = "None"


class Day(StrEnum):
    """A day of the week."""

    MON = "Mon"
    TUE = "Tue"
    WED = "Wed"
    THU = "Thu"
    FRI = "Fri"
    SAT = "Sat"
    SUN = "Sun"


def _has_length(window: "Window") -> bool:
    return window.from_ != window.to and (window.from_, window.to) != ("24:00", "00:00")


class Window(ApiModel):
    """Hours of the day, in timeZone, in which runs are allowed or denied."""

    mode: WindowMode
    """Allow: due times outside every Allow window are skipped. Deny: due times inside the window are skipped, even if
    an Allow window contains them. If there are only Deny windows, all other times are allowed."""

    days: Annotated[tuple[Day, ...], Bounds(min_length=1, max_length=7), ListSet()] = tuple(Day)
    """The days on which the window begins: Mon, Tue, Wed, Thu, Fri, Sat, Sun."""

    from_: Clock = Bounds(alias="from")
    """The time at which the window opens, from "00:00" to "24:00", such as "08:00"."""

    to: Clock
    """The time at which the window closes, such as "18:00"; that minute is outside. "24:00" is the end of the day. A
    time before from is on the next day."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.from != self.to && !(self.from == '24:00' && self.to == '00:00')",
            _has_length,
            "must differ from the window's from: write 00:00 to 24:00 for a whole day",
            path="to",
        ),
    )
