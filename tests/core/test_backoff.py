"""The delays between tries."""

from math import inf

import pytest

from scrape_operator.core.backoff import Backoff

BACKOFF = Backoff(initial_seconds=0.5, max_seconds=30.0)


@pytest.mark.parametrize(
    ("failures", "expected"), [(0, 0.5), (1, 1.0), (2, 2.0), (5, 16.0), (6, 30.0), (10_000, 30.0), (-1, 0.5)]
)
def test_the_ceiling_doubles_and_is_capped(failures: int, expected: float) -> None:
    assert BACKOFF.ceiling(failures) == expected


@pytest.mark.parametrize(("failures", "expected"), [(31, 2.0**31), (32, 2.0**32), (33, 2.0**32), (10_000, 2.0**32)])
def test_without_a_cap_a_delay_doubles_32_times(failures: int, expected: float) -> None:
    assert Backoff(1.0, inf).ceiling(failures) == expected


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0.0), (0.25, 1.0), (1.0, 4.0)])
def test_the_jitter_is_full(share: float, expected: float) -> None:
    assert BACKOFF.delay(3, lambda: share) == expected


@pytest.mark.parametrize(
    ("retry_after", "expected"),
    [
        pytest.param(None, 0.5, id="absent"),
        pytest.param(7.0, 7.5, id="the jitter comes on top"),
        pytest.param(-3.0, 0.5, id="negative counts as zero"),
        pytest.param(1e9, 300.5, id="capped"),
    ],
)
def test_what_the_server_asks_for_is_waited_for(retry_after: float | None, expected: float) -> None:
    assert BACKOFF.delay(0, lambda: 1.0, retry_after=retry_after) == expected
