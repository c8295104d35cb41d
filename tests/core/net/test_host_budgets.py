from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.net.host_budgets import HostBudget, HostRules

budgets = st.builds(
    HostBudget, st.integers(1, 5), st.integers(0, 4000).map(lambda value: timedelta(milliseconds=value))
)


def of(concurrent, milliseconds=0):
    return HostBudget(concurrent, timedelta(milliseconds=milliseconds))


RULES = HostRules(
    {
        "*": of(1),
        "*.org": of(2),
        "*.Example.org": of(3),
        "www.example.org": of(4),
        "www.example.org:8443": of(5),
        "[2001:db8::1]": of(6),
        "127.0.0.1": of(7),
    }
)


@pytest.mark.parametrize(
    ("authority", "concurrent"),
    [
        ("www.example.org:8443", 5),
        ("www.example.org:9000", 4),
        ("www.example.org", 4),
        ("a.b.example.org", 3),
        ("shop.example.org:81", 3),
        ("example.org", 2),
        ("badexample.org", 2),
        ("example.com", 1),
        ("org", 1),
        ("[2001:db8::1]", 6),
        ("[2001:db8::1]:8080", 6),
        ("[2001:db8::2]:8080", 1),
        ("127.0.0.1:80", 7),
    ],
)
def test_the_most_specific_match_counts(authority, concurrent):
    assert RULES.budget_for(authority) == of(concurrent)


def test_rules_without_a_match_say_nothing():
    assert HostRules({"*.example.org": of(1)}).budget_for("example.com") is None


@given(budgets, budgets, budgets)
def test_tightening_keeps_within_all_in_any_order(one, two, three):
    both = one.tightened(two)
    assert both == two.tightened(one)
    assert both.tightened(three) == one.tightened(two.tightened(three))
    assert both.max_concurrent <= one.max_concurrent
    assert both.min_interval >= one.min_interval
    assert one.tightened(one) == one


@pytest.mark.parametrize(("concurrent", "milliseconds"), [(0, 0), (-1, 0), (1, -1)])
def test_a_budget_that_nothing_fits_in_is_refused(concurrent, milliseconds):
    with pytest.raises(InvalidValue, match="maxConcurrent"):
        of(concurrent, milliseconds)


def test_a_budget_without_an_interval_has_no_pace():
    assert HostBudget(4).min_interval == timedelta(0)
