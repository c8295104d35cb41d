"""Names, and lists of what they lead to, are read without the interpreter: they find what it finds."""

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.extraction.formats.reader import Page
from scrape_operator.extraction.selectors.jmespath import compile_jmespath
from scrape_operator.extraction.step_budget import StepBudget, StepBudgetExceeded

NAMES = st.sampled_from(["a", "b", "_c"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.text("a", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=20,
)
PATHS = st.builds(
    lambda names, end: ".".join(names) + end, st.lists(NAMES, min_size=1, max_size=3), st.sampled_from(["", "[*]"])
)


@given(PATHS, VALUES)
def test_they_find_what_the_library_finds(path: str, value: object) -> None:
    page = Page(root=value, nodes=(value,), base_url="")
    assert compile_jmespath(path).first(value, page, StepBudget()) == jmespath.search(path, value)


def test_the_members_of_a_list_are_work() -> None:
    value = {"a": [0] * 1_000}
    page = Page(root=value, nodes=(value,), base_url="")
    with pytest.raises(StepBudgetExceeded):
        compile_jmespath("a[*]").first(value, page, StepBudget(1_999))
