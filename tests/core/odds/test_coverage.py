"""What bookmakers have in common: sets of bookmakers, unmatched events, missing markets."""

from datetime import UTC, datetime, timedelta

from scrape_operator.core.odds.coverage import CoverageReport, ListedEvent, MissingMarket, cover

KICK_OFF = datetime(2026, 12, 25, 16, tzinfo=UTC)


def listed(event: int, book: str, *markets: str, hours: int = 0, reason: str | None = None) -> ListedEvent:
    starts_at = KICK_OFF + timedelta(hours=hours)
    return ListedEvent(event, book, f"{book}-{event}", "Home", "Away", starts_at, "id", reason, frozenset(markets))


def test_a_report_of_three_bookmakers() -> None:
    late = listed(3, "A", "1x2", hours=2, reason="no other bookmaker lists it")
    early = listed(4, "B", hours=1, reason="another kick-off")
    report = cover(
        [
            late,
            listed(1, "A", "1x2", "btts"),
            listed(1, "B", "1x2"),
            listed(2, "B"),
            listed(2, "A", "1x2"),
            early,
            listed(5, "C", "1x2"),
            listed(5, "A", "btts"),
            listed(5, "B", "btts"),
        ]
    )
    assert report.sets == [(("A", "B"), 2), (("A",), 1), (("A", "B", "C"), 1), (("B",), 1)]
    assert report.unmatched == [early, late]
    assert report.missing == [
        MissingMarket("B", "1x2", 2),
        MissingMarket("A", "1x2", 1),
        MissingMarket("B", "btts", 1),
        MissingMarket("C", "btts", 1),
    ]


def test_nothing_listed_is_an_empty_report() -> None:
    assert cover([]) == CoverageReport([], [], [])
