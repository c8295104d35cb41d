"""Cron expressions under `ceilings.minInterval`: what counts is the shortest time between any two due times."""

from datetime import timedelta

import pytest

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.planning.policies import policies_of
from scrape_operator.planning.schedule import validate
from tests.api.building import changed

HALF_AN_HOUR = policies_of(
    [
        {
            "apiVersion": "scrape-operator.dev/v1alpha1",
            "kind": "ClusterScrapePolicy",
            "metadata": {"name": "default"},
            "spec": {"ceilings": {"minInterval": "30m"}},
        }
    ]
)


@pytest.mark.parametrize(
    "schedules",
    [
        ["0 * * 1-6 *", "* * * 7-12 *"],
        ["0 0 * * *", "* * * 12 *"],
        ["0 0 * * *", "*/10 * 29 2 *"],
        ["45 23 31 12 *", "0 0 1 1 *"],
    ],
)
def test_due_times_too_close_are_found_however_far_ahead_they_are(schedules: list[str]) -> None:
    [finding] = validate(changed({"schedules": schedules}), timedelta(minutes=5), HALF_AN_HOUR)
    assert (finding.path, finding.reason) == ("spec.schedules", Reason.POLICY_DENIED)


def test_expressions_of_different_days_are_no_neighbors() -> None:
    schedules = ["0 9 * * 1", "10 9 * * 3", "*/30 * * 12 0"]
    assert validate(changed({"schedules": schedules}), timedelta(minutes=5), HALF_AN_HOUR) == ()
