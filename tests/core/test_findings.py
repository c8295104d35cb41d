"""Findings of validation."""

from scrape_operator.core.findings import Finding
from scrape_operator.core.runs.reasons import Reason


def test_a_finding_is_one_line_that_begins_with_its_field() -> None:
    finding = Finding("spec.targets[0].http.url", "is no address: begin it with https://")
    assert str(finding) == "spec.targets[0].http.url: is no address: begin it with https://"
    assert finding.reason is Reason.INVALID_SPEC
