"""The shares of a memory limit."""

import pytest

from scrape_operator.memory import memory_limit, shares_of

MIB = 2**20
IDLE_WORKER = 45 * MIB
OPERATOR = 150 * MIB


@pytest.mark.parametrize("limit", [512, 640, 1024, 4096, 65_536])
def test_the_shares_fit_into_the_limit(limit: int):
    shares = shares_of(limit * MIB)
    workers = shares.quick_workers * (IDLE_WORKER + shares.quick_document) + IDLE_WORKER + shares.slow_document
    assert OPERATOR + shares.bodies + workers <= limit * MIB


def test_a_small_limit_still_allows_a_document_in_each_lane():
    shares = shares_of(64 * MIB)
    assert shares.quick_workers == 1
    assert min(shares.quick_document, shares.slow_document) >= 48 * MIB


def test_this_process_has_a_limit():
    assert memory_limit() > 2**25
