"""Data health: what a target is expected to give, and whether it did (api.md, `expect` and Outcomes)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from scrape_operator.core.runs.reasons import Reason

PERCENT = 100


class OnBreach(StrEnum):
    """What a breach does. Warn: the target succeeds in part; Fail: it fails and its items are not written."""

    WARN = "Warn"
    FAIL = "Fail"


@dataclass(frozen=True, slots=True)
class Expectations:
    """`min_items` None means that nobody said it: then at least one item is expected."""

    min_items: int | None = None
    coverage: Mapping[str, int] | None = None
    on_breach: OnBreach = OnBreach.WARN


@dataclass(frozen=True, slots=True)
class Breach:
    """An expectation that was not met."""

    reason: Reason
    message: str


def find_breach(
    expected: Expectations, items: Sequence[Mapping[str, object]], *, had_content: bool, dropped: int = 0
) -> Breach | None:
    """Give the first expectation that the items of a target do not meet."""
    breach = _too_few(expected, len(items), had_content=had_content, dropped=dropped)
    return breach or _too_sparse(expected, items)


def _too_few(expected: Expectations, count: int, *, had_content: bool, dropped: int) -> Breach | None:
    wanted = 1 if expected.min_items is None else expected.min_items
    if count >= wanted:
        return None
    lost = f"; {dropped} lacked a required field" if dropped else ""
    if expected.min_items is None and had_content:
        remedy = "check the selectors, or set expect.minItems: 0 where empty is normal"
        return Breach(Reason.SELECTOR_MISSED, f"the answer had content, but no item was found{lost}: {remedy}")
    return Breach(Reason.EXPECTATION_FAILED, f"{count} items, expected at least {wanted} (expect.minItems){lost}")


def _too_sparse(expected: Expectations, items: Sequence[Mapping[str, object]]) -> Breach | None:
    for name, wanted in (expected.coverage or {}).items():
        present = sum(item.get(name) not in (None, []) for item in items)
        if items and present * PERCENT < wanted * len(items):
            share = f"{present} of {len(items)} items have {name}"
            return Breach(Reason.EXPECTATION_FAILED, f"{share}, expected at least {wanted}% (expect.coverage)")
    return None
