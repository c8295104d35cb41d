"""Spans where nothing is traced."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from yarl import URL

from scrape_operator.core.masking import Mask
from scrape_operator.core.net.documents import Purpose
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunClaim, RunResult, RunStatus, TargetResult
from scrape_operator.core.runs.slot import Due
from scrape_operator.core.schedule.plan import ObjectKey
from scrape_operator.core.tracing import NO_TRACER

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
CLAIM = RunClaim(UUID(int=1), "uid", "ns", "name", 1, Due(NOW), NOW, NOW, "me", NOW + timedelta(minutes=1))


def test_without_tracing_blocks_are_entered_inside_of_each_other_and_take_what_a_run_gives() -> None:
    with NO_TRACER.run(CLAIM) as run, NO_TRACER.target("a") as target:
        with NO_TRACER.request("GET", Purpose.TARGET, URL("http://a.example/"), Mask()) as request:
            request.answered(200)
        target.end(TargetResult("a", RunStatus.SUCCEEDED, Reason.SUCCEEDED))
        run.end(RunResult(CLAIM, RunStatus.SUCCEEDED, Reason.SUCCEEDED, "", NOW))
    with NO_TRACER.delivery(ObjectKey("uid", "ns", "name"), "hook", "RunFailed"):
        pass
