"""Data health: what the items of a target are expected to be like, and whether they are."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from scrape_operator.core.runs.baseline import PERCENT, Baseline
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.sentences import join_sentences

MIN_CONFLICTS = 3
"""Items with the key of another one that are evidence: two that a page shows twice are not."""


class OnBreach(StrEnum):
    """What a breach does. Warn: the target succeeds in part. Fail: it fails and its items are not written."""

    WARN = "Warn"
    FAIL = "Fail"


@dataclass(frozen=True, slots=True)
class Expectations:
    """What a spec expects of a target's items. `min_items` is None where the spec says nothing: then it is 1."""

    min_items: int | None = None
    max_drop_percent: int | None = None
    coverage: Mapping[str, int] | None = field(default=None, hash=False)
    on_breach: OnBreach = OnBreach.WARN


@dataclass(frozen=True, slots=True)
class Breach:
    """An expectation that was not met. A fatal one fails the target."""

    reason: Reason
    message: str
    is_fatal: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """What a target read, as far as expectations ask for it.

    Attributes:
        items: The items that would be stored.
        matched: The number of nodes that the items selectors gave.
        had_content: Whether any answer had something to read.
        dropped: The number of items that were read and are not stored.
        lacking: The fields for lack of which items were dropped.
        conflicts: The number of items that another one with the same key and other fields replaced.
        key: The fields of the key.
        found: In how many percent of the items each selected field was found.
        baseline: What is usual for the target.
        hint: Why a page has no items, as far as that is known.
        hints: Why fields were found in no item, by their names.

    """

    items: Sequence[Mapping[str, object]]
    had_content: bool = True
    dropped: int = 0
    lacking: Collection[str] = ()
    conflicts: int = 0
    key: Sequence[str] = ()
    found: Mapping[str, int] = field(default_factory=dict)
    baseline: Baseline = field(default_factory=Baseline)
    matched: int = 0
    hint: str = ""
    hints: Mapping[str, str] = field(default_factory=dict)


def find_breach(expected: Expectations, reading: Reading) -> Breach | None:
    """Return the first expectation that the items of a target do not meet, or None.

    No item where at least one is expected is always fatal. Other breaches are fatal if `on_breach` is Fail.
    """
    wanted = 1 if expected.min_items is None else expected.min_items
    if not reading.items:
        return _nothing(expected, reading, wanted) if wanted else None
    reason, message = next(_breaches(expected, reading, wanted), (None, ""))
    return None if reason is None else Breach(reason, message, is_fatal=expected.on_breach is OnBreach.FAIL)


def _nothing(expected: Expectations, reading: Reading, wanted: int) -> Breach:
    hint, dropped = reading.hint or _hint_of_lacking(reading), _dropped(reading)
    if expected.min_items is not None:
        count = f"0 items, expected at least {wanted} (expect.minItems){dropped}"
        message = join_sentences([hint, count + _remedy(reading)])
        return Breach(Reason.EXPECTATION_FAILED, message, is_fatal=True)
    remedy = "set expect.minItems: 0 where empty is normal"
    if not reading.had_content:
        return Breach(Reason.EXPECTATION_FAILED, f"the answer was empty: {remedy}", is_fatal=True)
    checks = ": check the selectors of the fields" if reading.matched else f": check the selectors, or {remedy}"
    start = "The" if hint else "the"
    result = f"{start} answer had content, but no item was found{dropped}{_remedy(reading) or checks}"
    message = join_sentences([hint, result])
    return Breach(Reason.SELECTOR_MISSED, message, is_fatal=True)


def _breaches(expected: Expectations, reading: Reading, wanted: int) -> Iterator[tuple[Reason, str]]:
    if len(reading.items) < wanted:
        message = f"{len(reading.items)} items, expected at least {wanted} (expect.minItems)"
        yield Reason.EXPECTATION_FAILED, f"{message}{_dropped(reading)}{_remedy(reading)}"
    if expected.max_drop_percent is not None:
        yield from _dropped_too_far(expected.max_drop_percent, len(reading.items), reading.baseline)
    for name, percent in (expected.coverage or {}).items():
        yield from _too_sparse(name, percent, reading)
    for name, usual in reading.baseline.lost_fields(reading.found):
        message = f"field {name} was found in no item, usually in {usual}%: check its selector"
        yield Reason.SELECTOR_MISSED, message + _hint_of(name, reading)
    yield from _conflicting(reading)


def _conflicting(reading: Reading) -> Iterator[tuple[Reason, str]]:
    """Yield a breach if most items have the key of another one: then the key does not identify them."""
    total = len(reading.items) + reading.conflicts
    if reading.conflicts >= MIN_CONFLICTS and reading.conflicts * 2 >= total:
        names = ", ".join(reading.key)
        message = (
            f"{reading.conflicts} of {total} items were replaced by another one with the same extract.key ({names})"
        )
        yield Reason.SELECTOR_MISSED, f"{message}: check the selectors of these fields, or add fields to the key"


def _dropped(reading: Reading) -> str:
    names = ", ".join(sorted(reading.lacking)) or "a required field or a key"
    return f" ({reading.dropped} dropped without {names})" if reading.dropped else ""


def _remedy(reading: Reading) -> str:
    """Return what to do about items that were dropped, as the end of a message."""
    if not reading.dropped:
        return ""
    ways = ["check the selectors of what they lack"]
    if not reading.lacking or set(reading.lacking) - set(reading.key):
        ways.append("set required: false")
    if not reading.lacking or set(reading.lacking) & set(reading.key):
        ways.append("choose other fields for extract.key")
    *others, last = ways
    return f": {', '.join(others)}, or {last}"


def _hint_of_lacking(reading: Reading) -> str:
    """Return why the first field for lack of which items were dropped was found in none, or an empty text."""
    explained = (f"field {name}: {reading.hints[name]}" for name in sorted(reading.lacking) if name in reading.hints)
    return next(explained, "")


def _hint_of(name: str, reading: Reading) -> str:
    """Return why a field was found in no item, as the end of a message."""
    return f" ({reading.hints[name]})" if name in reading.hints else ""


def _dropped_too_far(percent: int, count: int, baseline: Baseline) -> Iterator[tuple[Reason, str]]:
    usual = baseline.median_items
    if usual is not None and count * PERCENT < usual * (PERCENT - percent):
        runs = f"the last {len(baseline.runs)} good runs" if len(baseline.runs) > 1 else "the last good run"
        message = f"{count} items, more than {percent}% below the {usual:g} of {runs} (expect.maxDropPercent)"
        yield Reason.EXPECTATION_FAILED, message


def _too_sparse(name: str, wanted: int, reading: Reading) -> Iterator[tuple[Reason, str]]:
    items = reading.items
    present = sum(item.get(name) not in (None, []) for item in items)
    if present * PERCENT < wanted * len(items):
        message = f"{present} of {len(items)} items have {name}, expected at least {wanted}% (expect.coverage)"
        yield Reason.EXPECTATION_FAILED, message + ("" if present else _hint_of(name, reading))
