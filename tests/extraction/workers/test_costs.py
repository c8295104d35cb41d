"""What is remembered of the costs of documents, with time as an input."""

import pytest

from scrape_operator.extraction.workers.costs import PROVEN_SECONDS, SLOW_SECONDS, TRIAL_SECONDS, KnownCosts


def test_a_schedule_is_quick_after_a_document_and_until_one_exceeds_the_quick_lane() -> None:
    costs = KnownCosts()
    assert not costs.is_quick("a")
    costs.finished("a")
    assert costs.is_quick("a")
    costs.exceeded("a", now=0.0)
    assert not costs.is_quick("a")


def test_a_schedule_is_slow_for_a_while() -> None:
    costs = KnownCosts()
    costs.exceeded("a", now=100.0)
    assert costs.is_slow("a", now=100.0 + SLOW_SECONDS - 1)
    assert not costs.is_slow("a", now=100.0 + SLOW_SECONDS)
    assert not costs.is_slow("b", now=100.0)


@pytest.mark.parametrize(("is_quick", "allowed"), [(False, TRIAL_SECONDS), (True, PROVEN_SECONDS)])
def test_documents_that_are_cut_off_count_together(is_quick: bool, allowed: float) -> None:
    costs = KnownCosts()
    for _ in range(4):
        if is_quick:
            costs.finished("a")  # what is read in between does not make up for them
        assert not costs.is_slow("a", now=0.0)
        costs.cut_off("a", allowed / 4, now=0.0)
    assert costs.is_slow("a", now=0.0)


def test_documents_that_were_cut_off_long_ago_do_not_count() -> None:
    costs = KnownCosts()
    for number in range(8):
        costs.cut_off("a", TRIAL_SECONDS / 2, now=number * (SLOW_SECONDS + 1))
    assert not costs.is_slow("a", now=8 * SLOW_SECONDS)
