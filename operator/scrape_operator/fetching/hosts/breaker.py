"""The circuit breaker of one host: pure, with time as an input. `gate` keeps one for each host that fails.

It refuses a requester (a schedule) after several failures of its own in a row. A cool-down ends by time, or by an
answer to the requester itself. If no requester gets an answer, one failure is enough.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta

from scrape_operator.core.runs.reasons import Reason

MAX_REQUESTERS = 1024
"""How many requesters are remembered for one host. One that is forgotten may send requests again."""

REFUSALS = frozenset({Reason.BLOCKED, Reason.RATE_LIMITED})
"""The host refuses requests: more of them make it worse."""

_MAX_DOUBLINGS = 32


@dataclass(frozen=True, slots=True)
class CoolDown:
    """How long a requester is refused: `initial` the first time, then twice as long each time, up to `maximum`."""

    initial: timedelta
    maximum: timedelta

    def seconds(self, level: int) -> float:
        """Return the seconds of the cool-down that follows `level` others."""
        doubled = self.initial.total_seconds() * (1 << min(level, _MAX_DOUBLINGS))
        return min(doubled, self.maximum.total_seconds())


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When requesters are refused, and for how long.

    After an outage the cool-down is short, so that a host that is back is noticed soon: requests cost the host little,
    but take the time of runs.
    """

    failures: int = 5
    refusal: CoolDown = CoolDown(timedelta(seconds=30), timedelta(minutes=15))
    outage: CoolDown = CoolDown(timedelta(seconds=5), timedelta(minutes=1))


@dataclass(frozen=True, slots=True)
class SeenFailure:
    """A failure of a requester, as it is reported again while the requester is refused."""

    reason: Reason
    message: str


@dataclass(slots=True)
class _Record:
    """One requester's failures in a row; `level` counts its cool-downs in a row."""

    seen: SeenFailure
    streak: int = 0
    level: int = 0
    until: float = 0.0


class Breaker:
    """Counts the failures in a row of each requester, and of the host as a whole."""

    __slots__ = ("_policy", "_records", "_streak")

    def __init__(self, policy: BreakerPolicy) -> None:
        self._policy = policy
        self._records: OrderedDict[str, _Record] = OrderedDict()
        self._streak = 0

    @property
    def is_host_failing(self) -> bool:
        """Whether enough requests in a row failed, of one or of several requesters."""
        return self._streak >= self._policy.failures

    @property
    def last_failure(self) -> SeenFailure | None:
        """The last failure, or None."""
        return next((record.seen for record in reversed(self._records.values())), None)

    def refused_until(self, requester: str, now: float) -> float | None:
        """Return when the cool-down of a requester ends, or None if it is not refused."""
        record = self._records.get(requester)
        return None if record is None or now >= record.until else record.until

    def failure_of(self, requester: str) -> SeenFailure:
        """Return the last failure of a requester that is refused."""
        return self._records[requester].seen

    def failed(self, requester: str, failure: SeenFailure, now: float) -> bool:
        """Note a failure. Return whether a cool-down begins."""
        record = self._record(requester, failure)
        record.streak += 1
        self._streak += 1
        if now < record.until:  # was in flight before the cool-down began
            return False
        if not record.level and record.streak < self._policy.failures and not self.is_host_failing:
            return False
        self._cool_down(record, now)
        return True

    def reported(self, requester: str, failure: SeenFailure, now: float) -> bool:
        """Note a refusal that was found in the content of an answer: one is enough. Return as `failed`."""
        record = self._record(requester, failure)
        if now < record.until:
            return False
        self._cool_down(record, now)
        return True

    def answered(self, requester: str) -> None:
        """Note an answer to a requester: its failures are forgotten, and those of the host are not in a row."""
        self._streak = 0
        self._records.pop(requester, None)

    def is_idle(self, now: float) -> bool:
        """Return whether the breaker can be forgotten without harm: failures that led to nothing may be lost."""
        kept = self._policy.refusal.maximum.total_seconds()
        return all(now >= record.until + kept for record in self._records.values() if record.level)

    def _record(self, requester: str, failure: SeenFailure) -> _Record:
        record = self._records.setdefault(requester, _Record(failure))
        record.seen = failure
        self._records.move_to_end(requester)
        if len(self._records) > MAX_REQUESTERS:
            self._records.popitem(last=False)
        return record

    def _cool_down(self, record: _Record, now: float) -> None:
        length = self._policy.refusal if record.seen.reason in REFUSALS else self._policy.outage
        record.until = now + length.seconds(record.level)
        record.level += 1
