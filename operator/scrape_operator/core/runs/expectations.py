"""Data health: what the items of a target are expected to be like, and whether they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from scrape_operator.core.runs.reasons import Reason

PERCENT = 100


class OnBreach(StrEnum):
    """What a breach does. Warn: the target succeeds in part. Fail: it fails and its items are not written."""

    WARN = "Warn"
    FAIL = "Fail"


@dataclass(frozen=True, slots=True)
class Expectations:
    """What a spec expects of a target's items. `min_items` is None where the spec says nothing: then it is 1."""

    min_items: int | None = None
    coverage: Mapping[str, int] | None = None
    on_breach: OnBreach = OnBreach.WARN


@dataclass(frozen=True, slots=True)
class Breach:
    """An expectation that was not met. A fatal one fails the target."""

    reason: Reason
    message: str
    is_fatal: bool


def find_breach(
    expected: Expectations, items: Sequence[Mapping[str, object]], *, had_content: bool, dropped: int = 0
) -> Breach | None:
    """Return the first expectation that the items of a target do not meet, or None.

    No item where at least one is expected is always fatal. Other breaches are fatal if `on_breach` is Fail.
    `had_content` says whether the answer had anything to read, `dropped` counts items that were read and not kept.
    """
    wanted = 1 if expected.min_items is None else expected.min_items
    if not items:
        return _nothing(expected, wanted, had_content=had_content, dropped=dropped) if wanted else None
    message = _too_few(wanted, len(items), dropped) or _too_sparse(expected, items)
    if message is None:
        return None
    return Breach(Reason.EXPECTATION_FAILED, message, is_fatal=expected.on_breach is OnBreach.FAIL)


def _nothing(expected: Expectations, wanted: int, *, had_content: bool, dropped: int) -> Breach:
    if expected.min_items is not None:
        message = f"0 items, expected at least {wanted} (expect.minItems){_dropped(dropped)}"
        return Breach(Reason.EXPECTATION_FAILED, message, is_fatal=True)
    remedy = "set expect.minItems: 0 where empty is normal"
    if had_content:
        message = f"the answer had content, but no item was found{_dropped(dropped)}: check the selectors, or {remedy}"
        return Breach(Reason.SELECTOR_MISSED, message, is_fatal=True)
    return Breach(Reason.EXPECTATION_FAILED, f"the answer was empty: {remedy}", is_fatal=True)


def _too_few(wanted: int, count: int, dropped: int) -> str | None:
    if count >= wanted:
        return None
    return f"{count} items, expected at least {wanted} (expect.minItems){_dropped(dropped)}"


def _dropped(count: int) -> str:
    return f" ({count} dropped without a required field or a key)" if count else ""


def _too_sparse(expected: Expectations, items: Sequence[Mapping[str, object]]) -> str | None:
    for name, wanted in (expected.coverage or {}).items():
        present = sum(item.get(name) not in (None, []) for item in items)
        if present * PERCENT < wanted * len(items):
            return f"{present} of {len(items)} items have {name}, expected at least {wanted}% (expect.coverage)"
    return None
