"""What the schedules under a policy may spend in a day: requests, and bytes of responses. A day is one of UTC.

The database counts what was spent. A process reserves a portion there before it spends it, so that most requests write
nothing. After a crash the rest of the portion stays counted: less is spent than allowed, and never more.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple

from scrape_operator.core.times import rfc3339

PORTIONS = 100
"""A process reserves one of so many parts of a limit at a time."""


class Unit(StrEnum):
    """What is counted."""

    REQUESTS = "requests"
    BYTES = "bytes"


FIELDS = {Unit.REQUESTS: "ceilings.requestsPerDay", Unit.BYTES: "ceilings.bytesPerDay"}
_SMALLEST = {Unit.REQUESTS: 1, Unit.BYTES: 2**16}
_LARGEST = {Unit.REQUESTS: 1_000, Unit.BYTES: 2**24}


@dataclass(frozen=True, slots=True)
class DayLimit:
    """One limit of one policy, which all schedules under it share.

    Attributes:
        key: Identifies the policy in the database: its kind, namespace and name.
        policy: The kind and name of the policy, for messages.
        unit: What is limited.
        limit: The most that is spent in a day.

    """

    key: str
    policy: str
    unit: Unit
    limit: int

    @property
    def portion(self) -> int:
        """How much a process reserves at a time."""
        part = max(self.limit // PORTIONS, _SMALLEST[self.unit])
        return min(part, _LARGEST[self.unit], self.limit)


@dataclass(frozen=True, slots=True)
class UsedUp:
    """A limit of which nothing is left until an instant."""

    limit: DayLimit
    until: datetime

    @property
    def message(self) -> str:
        """Return what to tell a person: which limit, of which policy, and when it counts anew."""
        limit, until = self.limit, rfc3339(self.until, "seconds")
        what = f"{limit.limit} {limit.unit} of a day of {limit.policy} ({FIELDS[limit.unit]})"
        return f"the {what} are used up until {until}: wait, or raise the limit"


class DayDemand(NamedTuple):
    """Asks the database to count `wanted` of a limit for a day, or what is left of it."""

    limit: DayLimit
    day: date
    wanted: int


class DayGrant(NamedTuple):
    """How much was reserved, and what is counted for the day with it."""

    granted: int
    counted: int


class DayCount(NamedTuple):
    """What is counted for a policy and a day."""

    key: str
    unit: Unit
    counted: int


def utc_day(now: datetime) -> date:
    """Return the day of UTC that an instant is in."""
    return now.astimezone(UTC).date()


def day_end(now: datetime) -> datetime:
    """Return the first instant of the next day of UTC."""
    return datetime.combine(utc_day(now) + timedelta(days=1), time(), UTC)


def grant(counted: int, demand: DayDemand) -> DayGrant:
    """Return what a demand gets where so much is counted already."""
    granted = max(0, min(demand.wanted, demand.limit.limit - counted))
    return DayGrant(granted, counted + granted)


@dataclass(slots=True)
class DayLedger:
    """What a process knows of one limit's unit in one day.

    `counted` is what the database had counted when it was last asked, `reserved` the part of it that this process may
    still spend. Nothing is spent before the database was asked.
    """

    day: date
    counted: int = 0
    reserved: int = 0
    is_known: bool = False

    def left(self, limit: int) -> int:
        """Return how much may still be spent; the limit may have changed since something was reserved."""
        return max(0, limit - (self.counted - self.reserved))

    def is_used_up(self, limit: int) -> bool:
        """Return whether nothing is left."""
        return self.is_known and self.left(limit) == 0

    def take(self, amount: int, limit: int) -> bool:
        """Spend from the reserved part. Return whether it holds so much; an amount of 0 only asks if anything is left.

        A limit that was lowered below what is counted ends the use of the reserved part.
        """
        if not self.is_known or self.reserved < amount or self.left(limit) < max(1, amount):
            return False
        self.reserved -= amount
        return True

    def take_rest(self) -> None:
        """Spend all that is reserved: more than that has arrived."""
        self.reserved = 0

    def give_back(self, amount: int) -> None:
        """Return what was taken and not spent."""
        self.reserved += amount

    def add(self, got: DayGrant) -> None:
        """Add what the database granted."""
        self.counted, self.reserved, self.is_known = got.counted, self.reserved + got.granted, True

    def learn(self, counted: int) -> None:
        """Note what the database has counted, at the start of a process."""
        self.counted, self.is_known = counted, True
