"""Which paths are read beside the event loop, and how they are cut so that nested elements cost no more than others."""

import pytest

from scrape_operator.extraction.selectors.paths import cut_at_descents, gives_computed, is_linear, split_path


@pytest.mark.parametrize(
    ("expression", "pieces"),
    [
        ("a/b", ("a/b",)),
        ("//div/a", ("//div/a",)),
        ("//div//a", ("//div", ".//a")),
        (".//div//a/@href", (".//div", ".//a/@href")),
        ("//a[.//b]//c//text()", ("//a[.//b]", ".//c", ".//text()")),
        ("//a[@b=']//x']//c", ("//a[@b=']//x']", ".//c")),
        ("descendant-or-self::div/descendant::a", ("descendant-or-self::div", "./descendant::a")),
        ("//a/..//b", ("//a/..//b",)),
        ("//a/@b//c", ("//a/@b//c",)),
    ],
)
def test_a_path_is_cut_where_it_descends_unless_it_leads_back(expression: str, pieces: tuple[str, ...]) -> None:
    steps = split_path(expression)
    assert steps is not None
    assert cut_at_descents(steps) == pieces


@pytest.mark.parametrize("expression", ["count(//a)", "//a | //b", "(//a)[1]", "//a/following-sibling::b", "1 + 1"])
def test_what_is_no_plain_path_is_not_split(expression: str) -> None:
    assert split_path(expression) is None


@pytest.mark.parametrize(
    ("expression", "linear"),
    [
        ("//div/a/text()", True),
        ("//td[2]/@x", True),
        ("//a[@href='[b]'][contains(@class, 'x') and not(@id)]", True),
        ("//a[b]", False),
        ("//a[position() > 1]", False),
        ("//a[.//b]", False),
        ("//a/../b", False),
    ],
)
def test_a_path_is_linear_where_its_predicates_look_at_attributes_alone(expression: str, linear: bool) -> None:
    steps = split_path(expression)
    assert steps is not None
    assert is_linear(steps) is linear


@pytest.mark.parametrize(
    ("expression", "computed"), [("count(//a)", True), (" string(a)", True), ("//a", False), ("text()", False)]
)
def test_a_function_at_the_beginning_gives_a_computed_value(expression: str, computed: bool) -> None:
    assert gives_computed(expression) is computed
