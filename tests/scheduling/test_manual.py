"""The manual page answers for every reason why a schedule may not have run."""

import re

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.schedule.pauses import Pause
from scrape_operator.reporting.status.condition_types import ConditionReason
from tests.support.paths import ROOT

PAGE = ROOT / "docs" / "scheduling.md"
TOLD = {
    *Pause,
    ConditionReason.OUTSIDE_WINDOW,
    ConditionReason.ENDED,
    Reason.SKIPPED_WINDOW,
    Reason.SKIPPED_OVERLAP,
    Reason.MISSED_DEADLINE,
    Reason.STORE_UNAVAILABLE,
    Reason.CANCELED,
    Reason.SHUTDOWN,
    Reason.REPLACED,
    Reason.ORPHANED,
}


def test_the_table_has_every_reason() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("did not run: why?")[2]
    firsts = [line.split("|")[1] for line in table.splitlines() if line.startswith("|")]
    assert {str(reason) for reason in TOLD} <= {word for first in firsts for word in re.findall(r"`(\w+)`", first)}
