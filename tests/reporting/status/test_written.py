from datetime import timedelta
from typing import Any

import pytest

from scrape_operator.core.findings import Finding
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus
from scrape_operator.reporting.status.build import build_status
from scrape_operator.reporting.status.written import Written, signature
from tests.support import builders as make

LATER = make.NOW + timedelta(hours=1)
REFUSED = make.plan(findings=(Finding("spec", "wrong"),), due_times=None)


def status_of(plan: Any, state: Any, now: Any = make.NOW) -> dict[str, object]:
    return build_status(plan, state, now=now, owner="me")


@pytest.mark.parametrize(
    ("plan", "state"),
    [
        pytest.param(make.plan(), make.state(), id="fresh"),
        pytest.param(make.plan(), make.state(make.fine()), id="good"),
        pytest.param(make.plan(), make.state(make.broken()), id="failed"),
        pytest.param(make.plan(), make.state(make.fine(), make.canceled(2)), id="canceled"),
        pytest.param(make.plan(suspend=True), make.state(last_handled_request="x" * 256), id="suspended"),
        pytest.param(REFUSED, make.state(), id="stalled"),
    ],
)
def test_a_state_and_its_status_have_one_signature(plan: Any, state: Any) -> None:
    assert signature(plan, state, LATER) == Written.of(status_of(plan, state)).signature


def test_not_modified_and_succeeded_are_the_same_to_a_reader() -> None:
    same = make.state(make.result(reason=Reason.NOT_MODIFIED, targets=make.fine().targets))
    assert signature(make.plan(), same, LATER) == signature(make.plan(), make.state(make.fine()), LATER)


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(make.state(), id="no run yet"),
        pytest.param(make.state(make.broken()), id="failed"),
        pytest.param(make.state(make.broken(reason=Reason.TIMEOUT)), id="failed otherwise"),
        pytest.param(make.state(make.result(RunStatus.CANCELED, Reason.SHUTDOWN)), id="canceled"),
        pytest.param(make.state(make.fine(), last_handled_request="now"), id="a request was handled"),
    ],
)
def test_what_a_reader_would_act_on_changes_the_signature(state: Any) -> None:
    assert signature(make.plan(), state, LATER) != signature(make.plan(), make.state(make.fine()), LATER)


def test_only_the_time_of_writing_is_not_in_the_digest() -> None:
    state = make.state(make.fine(), next_due=LATER)
    first = Written.of(status_of(make.plan(), state))
    again = build_status(make.plan(), state, now=LATER, owner="me", since=first.transition_times())
    assert Written.of(again).digest == first.digest
    assert Written.of(again | {"owner": "another"}).digest != first.digest


def test_it_gives_back_what_the_next_status_needs() -> None:
    status = status_of(make.plan(), make.state(make.fine()))
    written = Written.of(status)
    assert written.transition_times()["Ready"] == ("True", "2026-11-24T10:00:15Z")
    assert written.at == make.NOW.timestamp()
    again = build_status(make.plan(), make.state(make.fine()), now=LATER, owner="me", since=written.transition_times())
    assert again["conditions"] == status["conditions"]
