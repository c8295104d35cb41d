from uuid import UUID

import pytest

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus, RunSummary, Trigger
from scrape_operator.plugin.requested_run import has_succeeded, run_id_of
from scrape_operator.reporting.status.lines import history_line
from tests.storage.values import minute

RUN_ID = UUID("0193b3c4-0000-7000-8000-00000000abcd")


@pytest.mark.parametrize(
    ("status", "reason", "is_good"),
    [
        (RunStatus.SUCCEEDED, Reason.SUCCEEDED, True),
        (RunStatus.SUCCEEDED, Reason.NOT_MODIFIED, True),
        (RunStatus.PARTIALLY_SUCCEEDED, Reason.TIMEOUT, False),
        (RunStatus.FAILED, Reason.TIMEOUT, False),
        (RunStatus.SKIPPED, Reason.SKIPPED_OVERLAP, False),
        (RunStatus.CANCELED, Reason.SHUTDOWN, False),
    ],
)
def test_a_history_line_is_read_whatever_its_message_says(status: RunStatus, reason: Reason, is_good: bool) -> None:
    message = "target manual: Succeeded reason=NotModified run=another Succeeded "
    line = history_line(RunSummary(RUN_ID, Trigger.MANUAL, 1, minute(0), status, reason, message, minute(0), minute(1)))
    assert has_succeeded(line) == is_good
    assert run_id_of(line) == str(RUN_ID)


def test_an_empty_line_is_no_success() -> None:
    assert not has_succeeded("")
