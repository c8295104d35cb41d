"""What the items of a target are expected to be like."""

from typing import Any

import pytest

from scrape_operator.core.runs.baseline import Baseline, GoodRun
from scrape_operator.core.runs.expectations import Breach, Expectations, OnBreach, Reading, find_breach
from scrape_operator.core.runs.reasons import Reason

FATAL, MILD = True, False


def rows(count: int, *, priced: int = 0) -> list[dict[str, object]]:
    return [{"name": f"n{number}", "price": 1 if number < priced else None} for number in range(count)]


def breach_of(expected: Expectations, items, *, had_content: bool = True, **others: Any) -> Breach | None:
    return find_breach(expected, Reading(items, had_content, **others))


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
    assert breach_of(Expectations(0, coverage=everything, on_breach=OnBreach.FAIL), [], had_content=had_content) is None


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
    breach = breach_of(Expectations(5, coverage={"price": 100}), rows(4))
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


def test_the_fields_for_lack_of_which_items_were_dropped_are_named() -> None:
    breach = breach_of(Expectations(), [], dropped=9, lacking={"sku", "price"})
    assert breach is not None
    assert "(9 dropped without price, sku)" in breach.message


@pytest.mark.parametrize("expected", [Expectations(), Expectations(min_items=1)])
@pytest.mark.parametrize(
    ("lacking", "remedies"),
    [
        ({"price"}, "or set required: false"),
        ({"sku"}, "or choose other fields for extract.key"),
        ({"sku", "price"}, "set required: false, or choose other fields for extract.key"),
        ((), "set required: false, or choose other fields for extract.key"),
    ],
)
def test_a_message_about_dropped_items_says_what_to_do(expected: Expectations, lacking, remedies: str) -> None:
    breach = breach_of(expected, [], dropped=9, lacking=lacking, key=["sku"])
    assert breach is not None
    assert breach.message.endswith(f": check the selectors of what they lack, {remedies}")


def test_why_a_key_was_found_nowhere_comes_before_what_was_dropped_for_it() -> None:
    hints = {"link": "in the first item `a` has no attribute hreff: did you mean the attribute href?", "title": "x"}
    breach = breach_of(Expectations(), [], dropped=3, lacking={"link"}, key=["link"], hints=hints)
    assert breach is not None
    assert breach.message.startswith(f"field link: {hints['link']} The answer had content, but no item was found (3 ")
    assert find_breach(
        Expectations(), Reading([], hint="why", lacking={"link"}, hints=hints, dropped=3)
    ) == find_breach(Expectations(), Reading([], hint="why", lacking={"link"}, dropped=3))


def test_a_cause_in_a_field_comes_first_and_empty_pages_are_no_remedy() -> None:
    hint = "field title: in the first item `h3` matches nothing: it has no elements"
    breach = breach_of(Expectations(), [], matched=8, hint=hint)
    assert breach is not None
    remedy = "The answer had content, but no item was found: check the selectors of the fields"
    assert breach.message == f"{hint}. {remedy}"


def test_a_question_gets_no_point() -> None:
    breach = breach_of(Expectations(), [], hint="`.x` matches nothing: did you mean `.y` (8 of them)?")
    assert breach is not None
    assert "(8 of them)? The answer had content" in breach.message


def test_a_cause_comes_before_an_expected_number() -> None:
    breach = breach_of(Expectations(3), [], matched=8, hint="field title: in the first item `h3` matches nothing")
    assert breach is not None
    expected = "0 items, expected at least 3 (expect.minItems)"
    assert breach.message == f"field title: in the first item `h3` matches nothing. {expected}"


@pytest.mark.parametrize("hint", ["", "in the first item `.price` matches nothing"])
def test_a_breach_says_why_a_field_was_found_in_no_item(hint: str) -> None:
    hints = {"price": hint} if hint else {}
    sparse = breach_of(Expectations(coverage={"price": 50}), [{"sku": "a"}], hints=hints)
    lost = breach_of(Expectations(), rows(5), found={"price": 0}, baseline=baseline(9, price=90), hints=hints)
    for breach in (sparse, lost):
        assert breach is not None
        assert breach.message.endswith(f"({hint})") == bool(hint)


@pytest.mark.parametrize(("kept", "conflicts", "is_breach"), [(1, 9, True), (3, 3, True), (4, 3, False), (1, 2, False)])
def test_most_items_with_the_key_of_another_one_are_a_breach(kept: int, conflicts: int, is_breach: bool) -> None:
    breach = breach_of(Expectations(), rows(kept), conflicts=conflicts, key=["sku", "shop"])
    assert (breach is not None) == is_breach
    if breach is not None:
        assert not breach.is_fatal
        counts = f"{conflicts} of {kept + conflicts} items were replaced by another one"
        assert breach.message.startswith(f"{counts} with the same extract.key (sku, shop)")


def baseline(*counts: int, **percents: int) -> Baseline:
    return Baseline(tuple(GoodRun(count, percents) for count in counts))


@pytest.mark.parametrize(
    ("counts", "percent", "count", "is_breach"),
    [
        ((), 1, 1, False),
        ((100,), 50, 50, False),
        ((100,), 50, 49, True),
        ((100,), 100, 1, False),
        ((100, 2, 100), 50, 50, False),
        ((10, 30, 20, 40), 20, 20, False),
        ((10, 30, 20, 40), 20, 19, True),
        ((10,), 1, 11, False),
    ],
)
@pytest.mark.parametrize("on_breach", OnBreach)
def test_a_drop_is_measured_against_the_median(
    counts: tuple[int, ...], percent: int, count: int, is_breach: bool, on_breach: OnBreach
) -> None:
    expected = Expectations(max_drop_percent=percent, on_breach=on_breach)
    breach = find_breach(expected, Reading(rows(count), baseline=baseline(*counts)))
    assert (breach is not None) is is_breach
    if breach is not None:
        assert (breach.reason, breach.is_fatal) == (Reason.EXPECTATION_FAILED, on_breach is OnBreach.FAIL)
        assert f"{count} items, more than {percent}% below the" in breach.message
        assert "good run" in breach.message


def test_a_drop_names_the_usual_number_and_how_many_runs_it_comes_from() -> None:
    expected = Expectations(max_drop_percent=50)
    one = find_breach(expected, Reading(rows(1), baseline=baseline(9)))
    two = find_breach(expected, Reading(rows(1), baseline=baseline(9, 10)))
    assert one is not None
    assert two is not None
    assert one.message == "1 items, more than 50% below the 9 of the last good run (expect.maxDropPercent)"
    assert two.message == "1 items, more than 50% below the 9.5 of the last 2 good runs (expect.maxDropPercent)"


@pytest.mark.parametrize("on_breach", OnBreach)
def test_a_field_that_is_found_no_more_is_named(on_breach: OnBreach) -> None:
    reading = Reading(rows(5), found={"name": 100, "price": 0}, baseline=baseline(9, 9, name=100, price=90))
    breach = find_breach(Expectations(on_breach=on_breach), reading)
    message = "field price was found in no item, usually in 90%: check its selector"
    assert breach == Breach(Reason.SELECTOR_MISSED, message, is_fatal=on_breach is OnBreach.FAIL)


def test_what_the_spec_expects_is_told_before_what_is_usual() -> None:
    reading = Reading(rows(4), found={"price": 0}, baseline=baseline(9, price=100))
    messages = [
        find_breach(expected, reading)
        for expected in (
            Expectations(5, max_drop_percent=10, coverage={"price": 100}),
            Expectations(max_drop_percent=10, coverage={"price": 100}),
            Expectations(coverage={"price": 100}),
            Expectations(),
        )
    ]
    assert [breach and breach.message.rpartition("(")[2] for breach in messages[:3]] == [
        "expect.minItems)",
        "expect.maxDropPercent)",
        "expect.coverage)",
    ]
    assert messages[3] is not None


def test_a_hint_explains_a_page_without_items() -> None:
    for expected in (Expectations(), Expectations(3)):
        breach = find_breach(expected, Reading([], hint="The page looks like a login page"))
        assert breach is not None
        assert breach.message.startswith("The page looks like a login page. ")
    empty = find_breach(Expectations(), Reading([], had_content=False, hint="The page looks like a login page"))
    assert empty is not None
    assert "login" not in empty.message
