"""The circuit breaker of one host: pure, with time as an input. `fetching.budgets` keeps one for each host that fails.

It opens after several failures in a row, whoever made them, and holds back those who have failed there themselves:
nobody is refused for what another did, and nobody without a name. It has no half-open state of its own: after the
cool-down its requesters are let in again, and the host's queue lets one through at a time until the host answers.
"""

import math
from dataclasses import dataclass
from datetime import timedelta

from scrape_operator.core.runs.reasons import Reason

MAX_REQUESTERS = 1024
"""So many are remembered for one host; whoever is forgotten gets one more try."""

REFUSALS = frozenset({Reason.BLOCKED, Reason.RATE_LIMITED})
"""The host does not want to be asked: going on makes it worse."""

OUTAGES = frozenset({Reason.CONNECT_ERROR, Reason.DNS_ERROR, Reason.TLS_ERROR, Reason.TIMEOUT, Reason.PROTOCOL_ERROR})
"""No answer came: asking costs the host little, but our runs their time."""

_MAX_DOUBLINGS = 32


@dataclass(frozen=True, slots=True)
class CoolDown:
    """How long a breaker stays open: the first time, doubled each time again, and at the most."""

    initial: timedelta
    maximum: timedelta

    def seconds(self, level: int) -> float:
        """Give the seconds of the opening that came after `level` others."""
        doubled = self.initial.total_seconds() * (1 << min(level, _MAX_DOUBLINGS))
        return min(doubled, self.maximum.total_seconds())


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When breakers open, and for how long.

    After an outage the pause is short, so that a host that is back is noticed soon.
    """

    failures: int = 5
    refusal: CoolDown = CoolDown(timedelta(seconds=30), timedelta(minutes=15))
    outage: CoolDown = CoolDown(timedelta(seconds=5), timedelta(minutes=1))


@dataclass(frozen=True, slots=True)
class SeenFailure:
    """What a requester met, as it will be told again while the breaker is open."""

    reason: Reason
    message: str


class Breaker:
    """Counts a host's failures in a row, and says who is to be refused until when."""

    __slots__ = ("_failed", "_is_open", "_level", "_policy", "_streak", "until")

    def __init__(self, policy: BreakerPolicy) -> None:
        self._policy = policy
        self._streak = 0
        self._failed: dict[str, SeenFailure] = {}
        self._is_open = False
        self._level = 0
        self.until = -math.inf
        """When the last cool-down ends, or ended."""

    def is_open(self, now: float) -> bool:
        """Whether somebody is refused."""
        return self._is_open and now < self.until

    def refusal(self, requester: str, now: float) -> SeenFailure | None:
        """Give the requester's own last failure where it is to be refused."""
        return self._failed.get(requester) if self.is_open(now) else None

    def failed(self, requester: str, failure: SeenFailure, now: float) -> bool:
        """Note a failure. True: the breaker has just opened, or opened again."""
        self._remember(requester, failure)
        self._streak += 1
        if self.is_open(now):  # was under way before it opened
            return False
        if not self._is_open and self._streak < self._policy.failures:
            return False
        self._open(failure.reason, now)
        return True

    def reported(self, requester: str, failure: SeenFailure, now: float) -> bool:
        """Note what somebody found who read the answers: one such finding is enough. True as in `failed`."""
        self._remember(requester, failure)
        if self.is_open(now):
            return False
        self._open(failure.reason, now)
        return True

    def answered(self) -> None:
        """Note that the host answers: the breaker closes. How long it was open is kept for the next time."""
        self._streak = 0
        self._is_open = False
        self._failed.clear()

    def is_idle(self, now: float) -> bool:
        """Whether the breaker could be forgotten without harm: a streak that led to nothing may be lost."""
        return now >= self.until + self._policy.refusal.maximum.total_seconds()

    def _remember(self, requester: str, failure: SeenFailure) -> None:
        if not requester:
            return
        self._failed[requester] = failure
        if len(self._failed) > MAX_REQUESTERS:
            del self._failed[next(iter(self._failed))]

    def _open(self, reason: Reason, now: float) -> None:
        cool_down = self._policy.refusal if reason in REFUSALS else self._policy.outage
        again = self._is_open or now < self.until + cool_down.maximum.total_seconds()
        self._level = self._level + 1 if again else 0
        self.until = now + cool_down.seconds(self._level)
        self._is_open = True
