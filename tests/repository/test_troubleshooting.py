"""docs/troubleshooting.md has a section for each reason."""

import re
from datetime import timedelta
from pathlib import Path

from scrape_operator.core.runs.reasons import OUTAGES, Reason
from scrape_operator.fetching.hosts.breaker import REFUSALS, BreakerPolicy
from tests.repository.tree import text


def test_every_reason_has_a_section_and_every_section_a_reason() -> None:
    sections = re.findall(r"^### (\w+)$", text(Path("docs/troubleshooting.md")), re.MULTILINE)
    assert sorted(sections) == sorted(reason.value for reason in Reason)


def test_the_pauses_of_hosts_are_those_of_the_breaker():
    policy = BreakerPolicy()
    page = text(Path("docs/troubleshooting.md"))
    for kind, cool_down, default in (
        ("refusals", policy.refusal, f", {policy.refusal.initial.seconds} s by default |"),
        ("failures", policy.outage, f"| {policy.outage.initial.seconds} s |"),
    ):
        [row] = [line for line in page.splitlines() if line.startswith(f"| {policy.failures} {kind} in a row")]
        minutes = cool_down.maximum // timedelta(minutes=1)
        assert default in row
        assert row.endswith(f"up to {minutes} minute{'s' if minutes > 1 else ''} |")
        reasons = {"refusals": REFUSALS, "failures": OUTAGES}[kind]
        assert all(reason in row for reason in reasons)
