"""What the status writer remembers of a written status: little, since it does so for every schedule."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple

import orjson

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.core.schedule.state import ScheduleState
from scrape_operator.core.shared import shared
from scrape_operator.reporting.status.condition_types import TRUE, ConditionType
from scrape_operator.reporting.status.conditions import evaluate_conditions

# A site that answers 304 now and then would alternate between these two, and nobody would act on it.
_SAME: Mapping[str, str] = {Reason.NOT_MODIFIED: Reason.SUCCEEDED}


_OF_EACH_RUN = frozenset(
    {
        "statusTime",
        "next",
        "nextScheduleTime",
        "lastScheduleTime",
        "lastSuccessfulTime",
        "history",
        "active",
        "items",
        "counters",
        "conditions",
    }
)


class WrittenCondition(NamedTuple):
    """One condition as it was written. `message_hash` is kept where a new message is a transition, else 0."""

    type: str
    status: str
    reason: str
    changed_at: str
    message_hash: int = 0


class Signature(NamedTuple):
    """What a reader would act on: `requested` by a person (generation, handled request), `observed` conditions."""

    requested: int
    observed: int


@dataclass(frozen=True, slots=True)
class Written:
    """The status that the object carries, as far as the next one depends on it.

    `digest` stands for all but statusTime; `at` is statusTime in seconds since the epoch, 0 for never;
    `shows_active` is whether it names a run that goes on. `substance` stands for what a run changes that found
    something else than the run before it.
    """

    signature: Signature
    digest: bytes
    at: float
    conditions: tuple[WrittenCondition, ...]
    shows_active: bool = False
    substance: bytes = b""

    @classmethod
    def of(cls, status: Mapping[str, object]) -> "Written":
        """Return what counts of a status that was built here, or read from the API server."""
        at, shows_active = _seconds(status.get("statusTime")), bool(status.get("active"))
        conditions, substance = tuple(read_conditions(_rows(status))), substance_of(status)
        return cls(signature_of(status), digest_of(status), at, conditions, shows_active, substance)

    def transition_times(self) -> Mapping[str, tuple[str, str]]:
        """Return condition type -> (status, lastTransitionTime)."""
        return {known.type: (known.status, known.changed_at) for known in self.conditions}


NEVER = Written(Signature(0, 0), b"", 0.0, ())
"""Stands for a status that was never written."""


def signature(plan: SchedulePlan, state: ScheduleState, now: datetime) -> Signature:
    """Return the signature of the status that would be written now."""
    conditions = evaluate_conditions(plan, state, now)
    triples = [(condition.type, condition.status, condition.reason) for condition in conditions]
    return _sign(plan.generation, state.last_handled_request, triples)


def signature_of(status: Mapping[str, object]) -> Signature:
    """Return the signature of a status that is written already."""
    triples = ((str(row.get("type")), str(row.get("status")), str(row.get("reason"))) for row in _rows(status))
    return _sign(status.get("observedGeneration"), status.get("lastHandledRequest"), triples)


def digest_of(status: Mapping[str, object]) -> bytes:
    """Return a fingerprint of all but the fields that change with the time of writing."""
    rest = {name: value for name, value in status.items() if name not in {"statusTime", "next"}}
    return blake2b(orjson.dumps(rest, option=orjson.OPT_SORT_KEYS), digest_size=12).digest()


def substance_of(status: Mapping[str, object]) -> bytes:
    """Return a fingerprint without what each run changes: times, counts of runs and the line in the history."""
    rest = {name: value for name, value in status.items() if name not in _OF_EACH_RUN}
    items, counters = status.get("items"), status.get("counters")
    if isinstance(items, Mapping):
        rest["items"] = items.get("total")
    if isinstance(counters, Mapping):
        rest["counters"] = {name: count for name, count in counters.items() if name != "runs"}
    reasons = (str(row.get("reason")) for row in _rows(status))
    triples = [
        (row.get("type"), row.get("status"), _SAME.get(reason, reason))
        for row, reason in zip(_rows(status), reasons, strict=True)
    ]
    content = orjson.dumps([rest, triples], option=orjson.OPT_SORT_KEYS)
    return blake2b(content, digest_size=12).digest()


def read_conditions(rows: Sequence[Mapping[str, object]]) -> Iterator[WrittenCondition]:
    """Read the conditions of a status; what is malformed is left out."""
    for row in rows:
        if {"type", "status", "lastTransitionTime"} <= row.keys():
            kind, value = str(row["type"]), str(row["status"])
            is_stalled = kind == ConditionType.STALLED and value == TRUE
            message_hash = hash(str(row.get("message"))) if is_stalled else 0
            changed_at = str(row["lastTransitionTime"])
            yield shared(WrittenCondition(kind, value, str(row.get("reason")), changed_at, message_hash))


def _rows(status: Mapping[str, object]) -> Sequence[Mapping[str, object]]:
    conditions = status.get("conditions")
    if not isinstance(conditions, Sequence) or isinstance(conditions, str):
        return ()
    return [row for row in conditions if isinstance(row, Mapping)]


def _sign(generation: object, request: object, triples: Iterable[tuple[str, str, str]]) -> Signature:
    rows = frozenset([(kind, status, _SAME.get(reason, reason)) for kind, status, reason in triples])
    return Signature(hash((str(generation), request if isinstance(request, str) else None)), hash(rows))


def _seconds(text: object) -> float:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return 0.0
