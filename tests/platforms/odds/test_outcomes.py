import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.platforms.odds.markets import OutcomeKind
from scrape_operator.platforms.odds.outcomes import read_outcome

CLOSED = [kind for kind in OutcomeKind if kind not in {OutcomeKind.HALF_FULL, OutcomeKind.SCORE}]


@pytest.mark.parametrize(
    ("label", "kind", "outcome"),
    [
        ("1", OutcomeKind.THREE_WAY, "home"),
        ("X", OutcomeKind.THREE_WAY, "draw"),
        ("Away (0:1)", OutcomeKind.THREE_WAY, "away"),
        ("Home (-0.5)", OutcomeKind.TWO_WAY, "home"),
        ("Over 2.5", OutcomeKind.OVER_UNDER, "over"),
        ("Under 3", OutcomeKind.OVER_UNDER, "under"),
        ("X2", OutcomeKind.DOUBLE_CHANCE, "draw_away"),
        ("12", OutcomeKind.DOUBLE_CHANCE, "home_away"),
        ("Home or Draw", OutcomeKind.DOUBLE_CHANCE, "home_draw"),
        ("No Goal", OutcomeKind.SIDES_OR_NONE, "none"),
        ("1/X", OutcomeKind.HALF_FULL, "home/draw"),
        ("Home/ Away", OutcomeKind.HALF_FULL, "home/away"),
        ("2-1", OutcomeKind.SCORE, "2:1"),
        ("0:0", OutcomeKind.SCORE, "0:0"),
        ("OTH", OutcomeKind.SCORE, "other"),
        ("X", OutcomeKind.TWO_WAY, None),
        ("X1", OutcomeKind.THREE_WAY, None),
        ("11", OutcomeKind.THREE_WAY, None),
        ("21", OutcomeKind.THREE_WAY, None),
        ("1/X/2", OutcomeKind.HALF_FULL, None),
        ("", OutcomeKind.THREE_WAY, None),
    ],
)
def test_a_label_means_its_outcome(label: str, kind: OutcomeKind, outcome: str | None) -> None:
    assert read_outcome(label, kind) == outcome


@pytest.mark.parametrize("kind", CLOSED, ids=lambda kind: kind.name.lower())
@given(label=st.text(max_size=70))
def test_no_label_gives_an_outcome_of_another_kind(kind: OutcomeKind, label: str) -> None:
    assert read_outcome(label, kind) in {None, *kind.value}
