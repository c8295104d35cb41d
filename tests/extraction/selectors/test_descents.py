"""Expressions that only descend: they give what JMESPath's own interpreter gives, and count what they visit."""

from typing import Any

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.extraction.formats.reader import Page
from scrape_operator.extraction.selectors.descents import Descent, descent_of
from scrape_operator.extraction.step_budget import StepBudget, StepBudgetExceeded

PAGE = Page(root=None, nodes=(), size=0, base_url="")

values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.integers(0, 2) | st.text("ab", max_size=1),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=12,
)
DESCENTS = [
    *("a", "a.b", "a.b.a", "@", "@.a", "[*]", "@[*]", "a[*]", "a.b[*]", "a[*].b", "a.b[*].a.b", "[*].a", '"a"[*]'),
    *("a[0]", "a[-1].b", "[0]", "[1][0]", "a[0].b[-2]", "a[*].b[0]", "a[0][*]", "a[*].b[*]", "[*][*]", "[*][0].a[*].b"),
]
OTHERS = [
    "a[]",
    "(a[*]).b",
    "a[*] | [0]",
    "*",
    "a.*",
    "a[?b]",
    "a[:1]",
    "a[*].b[]",
    "length(a)",
    "a || b",
    "[a]",
    "{a: a}",
]


def parsed(expression: str) -> dict[str, Any]:
    return dict(jmespath.compile(expression).parsed)


@given(st.sampled_from(DESCENTS), values)
def test_a_descent_gives_what_the_interpreter_gives(expression: str, value: Any):
    descent = descent_of(parsed(expression))
    assert descent is not None
    assert descent.first(value, PAGE, StepBudget()) == jmespath.search(expression, value)


@pytest.mark.parametrize("expression", OTHERS)
def test_what_is_more_than_a_descent_is_left_to_the_interpreter(expression: str):
    assert descent_of(parsed(expression)) is None


def test_members_are_counted_before_they_are_visited():
    with pytest.raises(StepBudgetExceeded):
        Descent((), Descent(())).first([{}] * 1_000, PAGE, StepBudget(999))
