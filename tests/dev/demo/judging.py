"""Whether the demo showed what it should: each sample ran, ended as expected, and says so in its status.

Called by the demo once its time is over. Text for people comes out, empty where all is well.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tests.dev.demo.ledger import Run
from tests.dev.demo.samples import EXPECTED, MANUAL, Expected

Schedule = Mapping[str, Any]


def problems(runs: Sequence[Run], schedules: Sequence[Schedule], token: str) -> list[str]:
    """Compare rows and statuses with what is expected; `token` is the manual run's."""
    found = []
    statuses = {schedule["metadata"]["name"]: schedule.get("status", {}) for schedule in schedules}
    for name, expected in EXPECTED.items():
        ended = [run for run in runs if run.name == name]
        found += _about_runs(name, expected, ended)
        found += _about_status(name, expected, statuses.get(name, {}))
    manual = [run for run in runs if run.trigger == "manual"]
    if [run.name for run in manual] != [MANUAL]:
        found.append(f"one manual run of {MANUAL} was asked for, and these came: {[run.name for run in manual]}")
    if (handled := statuses.get(MANUAL, {}).get("lastHandledRequest")) != token:
        found.append(f"{MANUAL}: status.lastHandledRequest is {handled!r}, not the token {token!r}")
    return found


def _about_runs(name: str, expected: Expected, ended: Sequence[Run]) -> list[str]:
    # A first run is due at once, and its phase may come while it still goes on: that skip is as it should be.
    ended = [run for run in ended if run.reason != "SkippedOverlap"]
    if not ended:
        return [f"{name}: no run ended"]
    wanted = (expected.status, expected.reason)
    others = Counter((run.status, run.reason) for run in ended if (run.status, run.reason) != wanted)
    messages = {(run.status, run.reason): run.message for run in ended}
    found = [
        f"{name}: {count} of {len(ended)} runs ended as {status} {reason} instead of {' '.join(wanted)}"
        f" ({messages[status, reason]})"
        for (status, reason), count in others.items()
    ]
    if expected.status != "FAILED" and not all(run.items for run in ended if (run.status, run.reason) == wanted):
        found.append(f"{name}: a run that ended as expected brought no items")
    return found


def _about_status(name: str, expected: Expected, status: Mapping[str, Any]) -> list[str]:
    conditions = {condition["type"]: condition for condition in status.get("conditions", [])}
    found = [
        f"{name}: condition {type_} is {conditions.get(type_, {}).get('status', 'absent')} instead of {wanted}"
        f" ({conditions.get(type_, {}).get('message', 'no message')})"
        for type_, wanted in expected.conditions.items()
        if conditions.get(type_, {}).get("status") != wanted
    ]
    if not status.get("history"):
        found.append(f"{name}: status.history is empty")
    return found
