"""What a person may have meant."""

import pytest

from scrape_operator.core.nearest import close_names, hint_for, shown

NAMES = [f"prices-{number}" for number in range(20)]


@pytest.mark.parametrize(
    ("name", "names", "namespaces", "hint"),
    [
        ("zzz", NAMES, [], f"known are {', '.join(NAMES[:5])} and 15 more"),
        ("zzz", NAMES[:5], [], f"known are {', '.join(NAMES[:5])}"),
        ("zzz", NAMES[:6], [], f"known are {', '.join(NAMES[:5])} and 1 more"),
        ("zzz", [], [], ""),
        ("zzz", NAMES, ["team"], "namespaces that have it: team (option -n)"),
        ("QUOTES", ["quote", "shop"], [], "did you mean quote?"),
        ("quotes", ["quote"], ["a", "b"], "did you mean quote? namespaces that have it: a, b (option -n)"),
    ],
)
def test_a_hint_names_what_is_similar_then_what_is_there(
    name: str, names: list[str], namespaces: list[str], hint: str
) -> None:
    assert hint_for(name, names, namespaces) == hint


def test_similar_names_are_three_at_most() -> None:
    assert hint_for("prices", NAMES).count("prices-") == 3


@pytest.mark.parametrize(
    ("wanted", "similarity", "found"),
    [
        ("price", 0.6, ["Price", "prices", "priced"]),
        ("PRICE", 0.9, ["Price", "prices", "priced"]),
        ("PRICE", 1.0, ["Price"]),
        ("stock", 0.6, []),
    ],
)
def test_names_are_compared_in_upper_or_lower_case(wanted: str, similarity: float, found: list[str]) -> None:
    assert close_names(wanted, ["title", "prices", "Price", "priced", "PRICE", "priceless"], similarity) == found
    assert close_names(wanted, [], similarity) == []


def test_the_first_five_are_shown() -> None:
    assert shown(["a"]) == "a"
    assert shown(list("abcdefg")) == "a, b, c, d, e and 2 more"
