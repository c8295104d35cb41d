"""What the items of a target are expected to be like."""

import pytest

from scrape_operator.core.runs.expectations import Breach, Expectations, OnBreach, find_breach
from scrape_operator.core.runs.reasons import Reason

FATAL, MILD = True, False


def rows(count: int, *, priced: int = 0) -> list[dict[str, object]]:
    return [{"name": f"n{number}", "price": 1 if number < priced else None} for number in range(count)]


def breach_of(expected: Expectations, items, *, had_content: bool = True, dropped: int = 0) -> Breach | None:
    return find_breach(expected, items, had_content=had_content, dropped=dropped)


@pytest.mark.parametrize(
    ("min_items", "had_content", "reason", "words"),
    [
        pytest.param(None, True, Reason.SELECTOR_MISSED, "had content, but no item was found: check", id="content"),
        pytest.param(None, False, Reason.EXPECTATION_FAILED, "the answer was empty: set", id="no content"),
        pytest.param(1, True, Reason.EXPECTATION_FAILED, "0 items, expected at least 1 (expect.minItems)", id="one"),
        pytest.param(7, False, Reason.EXPECTATION_FAILED, "0 items, expected at least 7", id="several"),
    ],
)
@pytest.mark.parametrize("on_breach", OnBreach)
def test_no_item_where_one_is_expected_is_fatal_whatever_on_breach_says(
    min_items: int | None, had_content: bool, reason: Reason, words: str, on_breach: OnBreach
) -> None:
    breach = breach_of(Expectations(min_items, on_breach=on_breach), [], had_content=had_content)
    assert breach is not None
    assert (breach.reason, breach.is_fatal) == (reason, FATAL)
    assert words in breach.message
    assert "expect.minItems" in breach.message
    assert "dropped" not in breach.message


@pytest.mark.parametrize("had_content", [True, False])
def test_nothing_is_fine_where_nothing_is_expected(had_content: bool) -> None:
    everything = {"price": 100}
    assert breach_of(Expectations(0), [], had_content=had_content) is None
    assert breach_of(Expectations(0, everything, OnBreach.FAIL), [], had_content=had_content) is None


@pytest.mark.parametrize(
    ("min_items", "count", "is_breach"),
    [(None, 1, False), (1, 1, False), (2, 1, True), (3, 3, False), (4, 3, True), (3, 4, False), (0, 1, False)],
)
def test_fewer_items_than_expected_are_a_breach(min_items: int | None, count: int, is_breach: bool) -> None:
    for on_breach, is_fatal in [(OnBreach.WARN, MILD), (OnBreach.FAIL, FATAL)]:
        breach = breach_of(Expectations(min_items, on_breach=on_breach), rows(count))
        message = f"{count} items, expected at least {min_items} (expect.minItems)"
        expected = Breach(Reason.EXPECTATION_FAILED, message, is_fatal)
        assert breach == (expected if is_breach else None)


@pytest.mark.parametrize(
    ("count", "priced", "percent", "is_breach"),
    [
        (10, 9, 90, False),
        (10, 8, 90, True),
        (3, 2, 66, False),
        (3, 2, 67, True),
        (1, 1, 100, False),
        (1, 0, 1, True),
        (200, 199, 100, True),
    ],
)
def test_a_field_must_be_in_so_many_of_the_items(count: int, priced: int, percent: int, is_breach: bool) -> None:
    breach = breach_of(Expectations(coverage={"name": 100, "price": percent}), rows(count, priced=priced))
    message = f"{priced} of {count} items have price, expected at least {percent}% (expect.coverage)"
    assert breach == (Breach(Reason.EXPECTATION_FAILED, message, MILD) if is_breach else None)


@pytest.mark.parametrize(
    ("value", "is_present"), [(None, False), ([], False), ("", True), (0, True), (False, True), ([None], True)]
)
def test_null_and_an_empty_list_are_missing_values(value: object, is_present: bool) -> None:
    breach = breach_of(Expectations(coverage={"price": 1}), [{"price": value}])
    assert (breach is None) is is_present


def test_a_field_that_no_item_has_is_missing() -> None:
    breach = breach_of(Expectations(coverage={"stock": 50}, on_breach=OnBreach.FAIL), rows(4))
    assert breach is not None
    assert breach.is_fatal
    assert breach.message.startswith("0 of 4 items have stock")


def test_the_number_of_items_is_told_before_their_coverage() -> None:
    breach = breach_of(Expectations(5, {"price": 100}), rows(4))
    assert breach is not None
    assert breach.message.startswith("4 items")


@pytest.mark.parametrize(
    "expected", [Expectations(), Expectations(min_items=2), Expectations(min_items=2, on_breach=OnBreach.FAIL)]
)
@pytest.mark.parametrize("count", [0, 1])
def test_items_that_were_dropped_are_counted_in_the_message(expected: Expectations, count: int) -> None:
    breach = breach_of(expected, rows(count), dropped=9)
    if count >= (expected.min_items or 1):
        assert breach is None
    else:
        assert breach is not None
        assert "(9 dropped without a required field or a key)" in breach.message
