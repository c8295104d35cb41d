"""What the writer remembers of a status: little, since it does so for every schedule there is."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

import orjson

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.reporting.status.build import echo, transition_times
from scrape_operator.reporting.status.conditions import judge

# A site that answers 304 now and then would flip between these two for ever, and nobody would act on it.
_SAME: Mapping[str, str] = {Reason.NOT_MODIFIED: Reason.SUCCEEDED}


@dataclass(frozen=True, slots=True)
class Written:
    """The status that the object carries, as far as the next one depends on it.

    `signature` stands for what a reader would act on, `digest` for all but statusTime, `at` is
    statusTime in seconds since the epoch (0: never). `transitions` is flat: type, status, time, …
    `shows_active` says that it names a run that goes on.
    """

    signature: int
    digest: bytes
    at: float
    transitions: tuple[str, ...]
    shows_active: bool = False

    @classmethod
    def of(cls, status: Mapping[str, object]) -> "Written":
        """Take what counts from a status that was built here, or read from the API server."""
        known = transition_times(status)
        flat = (sys.intern(text) for name, (value, at) in known.items() for text in (name, value, at))
        at, shows_active = _seconds(status.get("statusTime")), bool(status.get("active"))
        return cls(signature_of(status), digest_of(status), at, tuple(flat), shows_active)

    def previous(self) -> Mapping[str, object]:
        """Give the conditions back in the form that `build_status` reads."""
        fields = ("type", "status", "lastTransitionTime")
        rows = zip(self.transitions[::3], self.transitions[1::3], self.transitions[2::3], strict=True)
        return {"conditions": [dict(zip(fields, row, strict=True)) for row in rows]}

    def statuses(self) -> Mapping[str, str]:
        """Give condition type -> status."""
        return dict(zip(self.transitions[::3], self.transitions[1::3], strict=True))


def signature(plan: SchedulePlan, state: ScheduleState, now: datetime) -> int:
    """Sign what a reader would act on: conditions, outcome, generation and the handled request."""
    triples = [(condition.type, condition.status, condition.reason) for condition in judge(plan, state, now)]
    return _sign(plan.generation, echo(state.last_handled_request), triples)


def signature_of(status: Mapping[str, object]) -> int:
    """Sign a status that is written already, to the same number."""
    conditions = status.get("conditions")
    rows = conditions if isinstance(conditions, Sequence) and not isinstance(conditions, str) else ()
    triples = (
        (str(row.get("type")), str(row.get("status")), str(row.get("reason")))
        for row in rows
        if isinstance(row, Mapping)
    )
    return _sign(status.get("observedGeneration"), status.get("lastHandledRequest"), triples)


def digest_of(status: Mapping[str, object]) -> bytes:
    """Fingerprint all but statusTime."""
    rest = {name: value for name, value in status.items() if name != "statusTime"}
    return blake2b(orjson.dumps(rest, option=orjson.OPT_SORT_KEYS), digest_size=12).digest()


def _sign(generation: object, request: object, triples: Iterable[tuple[str, str, str]]) -> int:
    rows = frozenset([(kind, status, _SAME.get(reason, reason)) for kind, status, reason in triples])
    return hash((str(generation), request if isinstance(request, str) else None, rows))


def _seconds(text: object) -> float:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return 0.0
