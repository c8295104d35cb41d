"""Names lead back to rows, and ages are written as kubectl writes them."""

import base64
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.runs.run import RunStatus
from scrape_operator.results.ages import human_duration, run_duration
from scrape_operator.results.names import parse_item_name, parse_run_name, phase_of, run_name, status_of

SCHEDULES = st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,20}[a-z0-9])?", fullmatch=True)


@given(SCHEDULES, st.uuids())
def test_the_name_of_a_run_leads_back_to_it(schedule: str, run_id: UUID) -> None:
    name = run_name(schedule, run_id)
    assert parse_run_name(name) == (schedule, run_id)
    assert name == f"{schedule}-{base64.b32encode(run_id.bytes).decode().rstrip('=').lower()}"


@given(st.text(max_size=60))
def test_no_text_is_the_name_of_two_runs(text: str) -> None:
    found = parse_run_name(text)
    assert found is None or run_name(*found) == text


@pytest.mark.parametrize(
    "name",
    ["", "quotes", f"-{'a' * 26}", f"quotes-{'a' * 25}", f"quotes-{'a' * 25}b", f"quotes-{'A' * 26}", "q-" + "1" * 26],
)
def test_other_texts_are_names_of_no_run(name: str) -> None:
    assert parse_run_name(name) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a-b-12", ("a-b", 12)), ("a-0", None), ("a-012", None), ("a", None), ("-1", None), ("a-" + "9" * 19, None)],
)
def test_names_of_items(name: str, expected: tuple[str, int] | None) -> None:
    assert parse_item_name(name) == expected


@pytest.mark.parametrize("status", RunStatus)
def test_every_status_has_a_phase(status: RunStatus) -> None:
    assert status_of(phase_of(status)) == status.value
    assert "_" not in phase_of(status)


MINUTE, HOUR, DAY = 60, 3600, 86_400


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-5, "<invalid>"),
        (-0.5, "0s"),
        (0.9, "0s"),
        (119, "119s"),
        (2 * MINUTE, "2m"),
        (3 * MINUTE + 10, "3m10s"),
        (10 * MINUTE + 30, "10m"),
        (179 * MINUTE, "179m"),
        (3 * HOUR, "3h"),
        (7 * HOUR + 5 * MINUTE, "7h5m"),
        (8 * HOUR + 5 * MINUTE, "8h"),
        (47 * HOUR, "47h"),
        (2 * DAY + 3 * HOUR, "2d3h"),
        (9 * DAY + 3 * HOUR, "9d"),
        (729 * DAY, "729d"),
        (800 * DAY, "2y70d"),
        (9 * 365 * DAY, "9y"),
    ],
)
def test_durations_read_as_kubectl_writes_them(seconds: float, expected: str) -> None:
    assert human_duration(seconds) == expected


def test_short_runs_show_tenths_of_seconds() -> None:
    assert [run_duration(seconds) for seconds in (0.04, 1.26, 59.9, 60, 150)] == [
        "0.0s",
        "1.3s",
        "59.9s",
        "60s",
        "2m30s",
    ]
