"""Names of teams: words of the club, squad markers in the languages of the markets, and how alike two are."""

import pytest

from scrape_operator.core.odds.teams import club_likeness, competition_squads, read_team

MAX_NAME = 80


@pytest.mark.parametrize(
    ("name", "squads"),
    [
        *(
            (f"Acacia {marker}", {"u20"})
            for marker in ("U20", "U-20", "U 20", "Sub-20", "sub20", "Sub 20", "Under 20", "U20s")
        ),
        *((f"Acacia {marker}", {"women"}) for marker in ("W", "(W)", "Women", "Women's", "Ladies", "Frauen")),
        *((f"Acacia {marker}", {"women"}) for marker in ("Féminin", "Féminine", "Feminino", "Femenino", "Femmes")),
        *((f"Acacia {marker}", {"2"}) for marker in ("II", "B", "2", "Reserve", "Reserves", "Res.")),
        ("Jong Acacia", {"2"}),
        ("Acacia III", {"3"}),
        ("Acacia Youth", {"youth"}),
        ("Acacia U19 W", {"u19", "women"}),
        ("Acacia SRL", {"srl"}),
        ("Acacia Esports", {"esports"}),
        ("Acacia 1860", set()),
        ("Acacia U99", set()),
        ("Acacia", set()),
    ],
)
def test_squad_markers_are_told_from_the_club(name: str, squads: set[str]) -> None:
    team = read_team(name)
    assert team.squads == squads
    assert team.words[-1:] == ("acacia",) or team.words in {("1860", "acacia"), ("acacia", "u99")}


def test_words_are_without_accents_noise_and_abbreviations() -> None:
    assert read_team("F.C. Saint-Étienne Utd (n)").words == ("etienne", "saint", "united")
    assert read_team("St. Étienne").words == ("etienne", "saint")
    assert read_team("x" * (MAX_NAME + 9)).words == ("x" * MAX_NAME,)


@pytest.mark.parametrize(
    ("competition", "squads"),
    [
        ("Premier League", set()),
        ("2. Bundesliga", set()),
        ("Serie B", set()),
        ("Women Super League", {"women"}),
        ("U19 League", {"u19"}),
        ("Primavera 1", {"youth"}),
        ("Simulated Reality League SRL", {"srl"}),
    ],
)
def test_a_division_is_no_squad(competition: str, squads: set[str]) -> None:
    assert competition_squads(competition) == squads


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("Acacia Rovers", "Acacia Rovers", 1.0),
        ("Acacia Rovers", "Rovers Acacia", 1.0),
        ("Man United", "Manchester United", 1.0),
        ("Acacia Rovers", "Acacia Rover", 1.0),
        ("Man United Town", "Manchester United", 25 / 29),
        ("abcdefghijklmnopqrst", "abcdefghijklmnopqxyz", 1.0),
        ("abcdefghijklmnopqrst", "abcdefghijklmnopwxyz", 0.0),
        ("Acacia Rovers", "Acacia", 12 / 18),
        ("Acacia Rovers", "Acacia Town", 12 / 22),
        ("Acacia", "Baobab", 0.0),
        ("AB", "ABBA", 0.0),
        ("Kolm", "Koln", 0.0),
        ("Olympico", "Olympica", 1.0),
        ("", "Acacia", 0.0),
        ("FC", "FC", 0.0),
    ],
)
def test_likeness_is_the_share_of_letters_in_words_that_both_have(one: str, other: str, alike: float) -> None:
    assert club_likeness(one, other) == pytest.approx(alike)
    assert club_likeness(other, one) == pytest.approx(alike)


def test_each_word_fits_one_other_word_and_equal_ones_first() -> None:
    assert club_likeness("Man Manchester", "Manchester") == pytest.approx(20 / 23)
    assert club_likeness("City City", "City") == pytest.approx(8 / 12)


def test_squads_count_for_teams_and_not_for_clubs() -> None:
    assert club_likeness("Acacia U19", "Acacia") == 1.0
    assert read_team("Acacia U19").squads != read_team("Acacia").squads
    assert read_team("Acacia U19").squads == read_team("Acacia U-19").squads
