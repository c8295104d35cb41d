"""The machine's wall clock is set while the operator runs: no burst, no hole, no slot twice."""

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.dev.site.site import DemoSite
from tests.e2e import process
from tests.e2e.process import Operator, schedule, until
from tests.e2e.shifted import SHIFT
from tests.e2e.slots import instant
from tests.support.paths import ROOT

pytestmark = pytest.mark.cluster

HOUR, DAY = 3600, 86_400


@pytest.fixture
def set_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that sets the operator's clock, in seconds ahead of the true one."""
    shift, command = tmp_path / "shift", tmp_path / "scrape-operator"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m tests.e2e.shifted "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    monkeypatch.setattr(process, "COMMAND", command)
    plain = Operator.environment
    paths = os.pathsep.join([str(ROOT), str(ROOT / "operator")])
    monkeypatch.setattr(
        Operator, "environment", lambda operator: plain(operator) | {SHIFT: str(shift), "PYTHONPATH": paths}
    )

    def set_(seconds: int) -> None:
        after = shift.with_suffix(".new")
        after.write_text(str(seconds), encoding="utf-8")
        after.rename(shift)

    set_(0)
    return set_


def rows_near(operator: Operator, ahead: int) -> list[dict[str, Any]]:
    """Return the rows whose due times are near a clock that is so many seconds ahead, by due time."""
    now, near = datetime.now(UTC) + timedelta(seconds=ahead), timedelta(minutes=30)
    return [row for row in operator.runs("steady") if abs(instant(row["scheduled_for"]) - now) < near]


def missed_after_setting(operator: Operator, set_clock: Callable[[int], None], ahead: int) -> int:
    """Set the clock; see that runs go on by it, one a second and no more; give how many due times they make up for."""
    before = {row["id"] for row in operator.runs("steady")}
    began = datetime.now(UTC)
    set_clock(ahead)

    def fresh() -> list[dict[str, Any]]:
        return [row for row in rows_near(operator, ahead) if row["id"] not in before]

    until(f"runs {ahead} s ahead", lambda: len(fresh()) > 4)
    assert len(operator.runs("steady")) - len(before) <= (datetime.now(UTC) - began).total_seconds() + 3
    return sum(row["missed"] for row in fresh())


def test_a_clock_that_jumps_gives_neither_a_burst_nor_a_hole(
    set_clock: Callable[[int], None], start_operator: Callable[..., Operator], site: DemoSite
) -> None:
    operator = start_operator()
    operator.apply(schedule("steady", f"{site.url}/api/prices", interval="1s"))
    until("runs", lambda: len(operator.ended("steady")) > 3)
    for ahead, made_up in ((HOUR, HOUR), (0, 0), (DAY, DAY), (-HOUR, 0), (0, HOUR)):
        assert abs(missed_after_setting(operator, set_clock, ahead) - made_up) < 60, ahead
    # A run of a second that a busy machine keeps longer times out, or makes the next due time a skip: that is no hole.
    reasons = {row["reason"] for row in operator.ended("steady")}
    assert {"Succeeded"} <= reasons <= {"Succeeded", "SkippedOverlap", "Timeout"}
    dues = [row["scheduled_for"] for row in operator.runs("steady")]
    assert len(dues) == len(set(dues))
    assert operator.log().count("wall clock set back") == 2
    assert operator.log().count('"level":"error"') == 0


def test_a_killed_run_is_orphaned_within_thirty_seconds_also_after_the_clock_was_set_back(
    set_clock: Callable[[int], None], start_operator: Callable[..., Operator], site: DemoSite
) -> None:
    operator = start_operator()
    operator.apply(schedule("hung", f"{site.url}/hang", interval="720h"))
    until("it runs", lambda: [run for run in operator.runs("hung") if run["status"] == "RUNNING"])
    operator.kill()
    set_clock(-HOUR)
    operator.start()
    until("its end", lambda: operator.ended("hung"), within=30)
    [run] = operator.ended("hung")
    assert (run["status"], run["reason"]) == ("FAILED", "Orphaned")
