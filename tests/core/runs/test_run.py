"""The values of a run, and messages that are short and printable."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.runs.items import ItemCounts, ItemMode
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import (
    DataPolicy,
    RunClaim,
    RunStatus,
    SkippedSlot,
    StoredSpec,
    TargetResult,
    Trigger,
    clip,
)
from scrape_operator.core.runs.slot import Due, First, Manual, Replay, Slot

MESSAGE_MAX_BYTES = 511
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 25, 13, tzinfo=UTC)


def claim_of(slot: Slot) -> RunClaim:
    return RunClaim(UUID(int=1), "uid", "ns", "name", 1, slot, NOW, NOW, "me", NOW)


def skipped(slot: Slot) -> SkippedSlot:
    return SkippedSlot(UUID(int=1), "uid", "ns", "name", 3, slot, NOW, LATER, "me", Reason.SKIPPED_WINDOW, "outside")


@pytest.mark.parametrize(
    ("slot", "trigger"),
    [
        (Due(NOW), Trigger.SCHEDULED),
        (First(1), Trigger.SCHEDULED),
        (Manual("t"), Trigger.MANUAL),
        (Replay(UUID(int=1), UUID(int=2)), Trigger.REPLAY),
    ],
    ids=["due", "first", "manual", "replay"],
)
def test_the_trigger_of_a_row_is_that_of_its_slot(slot: Slot, trigger: Trigger) -> None:
    assert claim_of(slot).trigger is trigger
    assert skipped(slot).trigger is trigger


def test_a_row_stands_for_no_earlier_due_time_unless_it_says_so() -> None:
    assert (claim_of(Due(NOW)).missed, skipped(Due(NOW)).missed) == (0, 0)


@pytest.mark.parametrize(
    ("changed", "is_whole"),
    [
        ({}, True),
        ({"mode": ItemMode.UPSERT}, False),
        ({"mode": ItemMode.APPEND}, False),
        ({"status": RunStatus.FAILED}, False),
        ({"status": RunStatus.PARTIALLY_SUCCEEDED}, False),
        ({"reason": Reason.NOT_MODIFIED}, False),
        ({"complete": False}, False),
    ],
)
def test_items_are_gone_only_after_a_snapshot_that_was_read_in_full(changed: dict[str, Any], is_whole: bool) -> None:
    whole = TargetResult("t", RunStatus.SUCCEEDED, Reason.SUCCEEDED, mode=ItemMode.SNAPSHOT)
    assert replace(whole, **changed).is_whole_snapshot is is_whole


def test_rows_of_a_deleted_schedule_stay_and_runs_are_kept_for_30_days_if_the_spec_says_nothing() -> None:
    assert (StoredSpec().data_policy, StoredSpec().history_max_age) == (DataPolicy.RETAIN, timedelta(days=30))


def test_a_target_that_did_nothing_counts_nothing() -> None:
    idle = TargetResult("t", RunStatus.FAILED, Reason.CANCELED)
    assert (idle.requests, idle.bytes, idle.pages, idle.duration) == (0, 0, 0, 0.0)


def test_a_skipped_slot_is_shown_with_its_reason() -> None:
    shown = skipped(Manual("t")).summary()
    assert (shown.id, shown.generation, shown.trigger) == (UUID(int=1), 3, Trigger.MANUAL)
    assert (shown.status, shown.reason, shown.message) == (RunStatus.SKIPPED, Reason.SKIPPED_WINDOW, "outside")
    assert (shown.scheduled_for, shown.started_at, shown.completed_at) == (NOW, None, LATER)
    assert (shown.counts, shown.items_scraped) == (ItemCounts(0, 0, 0, 0), 0)


@pytest.mark.parametrize("status", RunStatus)
def test_only_a_run_with_data_is_good(status: RunStatus) -> None:
    assert status.is_good is (status in {RunStatus.SUCCEEDED, RunStatus.PARTIALLY_SUCCEEDED})


@given(st.text(), st.integers(8, 600))
def test_a_message_is_printable_and_within_its_limit(text: str, limit: int) -> None:
    clipped = clip(text, limit)
    assert clipped.isprintable()
    assert len(clipped.encode("utf-8", "replace")) <= limit


@pytest.mark.parametrize("letter", ["a", "é", "日", "🛒"])
def test_a_message_is_cut_only_where_it_is_too_long(letter: str) -> None:
    size = len(letter.encode())
    fits = letter * (MESSAGE_MAX_BYTES // size)
    assert clip(fits) == fits
    cut = clip(fits + letter)
    assert cut == letter * ((MESSAGE_MAX_BYTES - 3) // size) + "…"


def test_control_characters_become_spaces() -> None:
    assert clip("a\nb\x00c\u2028d") == "a b c d"
    assert clip("plain é") == "plain é"
