"""What a plan says where its spec says nothing, or is refused."""

from datetime import timedelta

from scrape_operator.core.findings import Finding
from scrape_operator.core.net.access import SecretKey
from scrape_operator.core.notifications.webhooks import NotifyEvent, Webhook
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import StoredSpec
from scrape_operator.core.schedule.plan import ObjectKey, SchedulePlan
from tests.support.schedule_plans import NOON, plan


def test_the_plan_of_a_refused_spec_has_no_due_times_and_keeps_a_hundred_runs_of_each_kind() -> None:
    findings = (Finding("spec", "wrong"), Finding("spec.interval", "is a defect", Reason.INTERNAL_ERROR))
    refused = SchedulePlan(ObjectKey("uid", "default", "quotes"), 1, NOON, findings=findings)
    assert (refused.is_stalled, refused.stall_reason, refused.due_times) == (True, Reason.INVALID_SPEC, None)
    assert (refused.successful_limit, refused.failed_limit) == (100, 100)
    assert (refused.offset, refused.has_secrets, refused.webhooks) == (timedelta(0), False, ())
    assert (plan().is_stalled, plan().stall_reason) == (False, None)


def test_the_text_of_a_plan_does_not_show_the_work_with_what_it_sends() -> None:
    assert "password" not in repr(plan(work="password"))


def test_the_webhooks_of_a_plan_are_those_of_its_spec() -> None:
    key = SecretKey("hook", "url")
    webhook = Webhook("ops", (NotifyEvent.RUN_FAILED,), key, key)
    assert plan(stored_spec=StoredSpec(webhooks=(webhook,))).webhooks == (webhook,)
