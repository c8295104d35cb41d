from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.extraction.values.dates import (
    DateContext,
    format_instant,
    instant_of_epoch,
    order_of_language,
    parse_instant,
    parse_words_instant,
)
from scrape_operator.extraction.values.unreadable import Unreadable

BERLIN = DateContext(ZoneInfo("Europe/Berlin"))
EARLIEST, LATEST = (datetime.fromisoformat(day) for day in ("1000-01-02", "9999-12-30"))
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-24T10:05:13Z", "2026-11-24T10:05:13Z"),
        ("2026-11-24T10:05:13+02:00", "2026-11-24T08:05:13Z"),
        ("2026-11-24T10:05:13.5Z", "2026-11-24T10:05:13.500Z"),
        ("2026-11-24T10:05:13.123456789Z", "2026-11-24T10:05:13.123456Z"),
        ("2026-11-24 10:05", "2026-11-24T09:05:00Z"),
        ("2026-11-24 10:05:00 UTC", "2026-11-24T10:05:00Z"),
        ("2026-11-24 10:05:00 +0100", "2026-11-24T09:05:00Z"),
        ("20261124T100513Z", "2026-11-24T10:05:13Z"),
        ("2026-07-01", "2026-06-30T22:00:00Z"),
        ("20260701", "2026-06-30T22:00:00Z"),
        ("2026-07", "2026-06-30T22:00:00Z"),
        ("2026", "2025-12-31T23:00:00Z"),
        ("2026-W48-3", "2026-11-24T23:00:00Z"),
        ("2026-329", "2026-11-24T23:00:00Z"),
        ("2026-03-29T02:30:00", "2026-03-29T01:30:00Z"),
        ("Tue, 24 Nov 2026 10:05:13 GMT", "2026-11-24T10:05:13Z"),
        ("24 Nov 2026 10:05:13 -0500", "2026-11-24T15:05:13Z"),
        ("Tue, 24 Nov 2026 10:05:13 EST", "2026-11-24T15:05:13Z"),
        ("Tue, 24 Nov 2026 10:05:13 -0000", "2026-11-24T10:05:13Z"),
        ("Tue, 24 Nov 2026 10:05", "2026-11-24T09:05:00Z"),
        ("1795514713", "2026-11-24T10:05:13Z"),
        ("1795514713000", "2026-11-24T10:05:13Z"),
        ("1795514713.25", "2026-11-24T10:05:13.250Z"),
        ("0", "1970-01-01T00:00:00Z"),
        ("-86400", "1969-12-31T00:00:00Z"),
    ],
)
def test_an_instant_is_read_and_given_in_utc(text: str, expected: str):
    assert format_instant(parse_instant(text, BERLIN)) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "2026-13-01", "2026-02-30", "2026-366", "2026-000", "24 Xxx 2026 10:05", "99999999999999999"),
        *("1" * 97, "9999-12-31T23:59:59-23:59", "2026-11-24T25:00:00Z", "\u0661"),
    ],
)
def test_what_is_no_instant_is_unreadable(text: str):
    with pytest.raises(Unreadable):
        parse_instant(text, BERLIN)


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("24. Dezember 2025", "de", "2025-12-23T23:00:00Z"),
        ("24 December 2025", "", "2025-12-23T23:00:00Z"),
        ("December 24, 2025 5:00 PM", "en-US", "2025-12-24T16:00:00Z"),
        ("14 mars 1999", "fr-FR", "1999-03-13T23:00:00Z"),
        ("3 hours ago", "en", "2026-11-25T09:00:00Z"),
        ("gestern", "de", "2026-11-24T12:00:00Z"),
        ("5 May 2026 10:00 CET", "en", "2026-05-05T09:00:00Z"),
    ],
)
def test_a_date_in_words_is_read_by_the_language(text: str, language: str, expected: str):
    context = replace(BERLIN, language=language, now=NOW)
    assert format_instant(parse_words_instant(text, context)) == expected


@pytest.mark.parametrize("text", ["yesterday", "5 May", "10:30"])
def test_a_relative_date_needs_a_now(text: str):
    with pytest.raises(Unreadable):
        parse_words_instant(text, replace(BERLIN, language="en"))


@pytest.mark.parametrize("language", ["xx", "en-ZZ", "!", "de-de-de"])
def test_an_unknown_language_is_no_hindrance(language: str):
    found = parse_words_instant("24 December 2025", replace(BERLIN, language=language, now=NOW))
    assert format_instant(found) == "2025-12-23T23:00:00Z"


@pytest.mark.parametrize(
    ("tag", "order"),
    [("de", "DMY"), ("en-US", "MDY"), ("en_gb", "DMY"), ("fil", "MDY"), ("fr", "DMY"), ("es", "DMY")]
    + [(tag, None) for tag in ("en", "en-CA", "fr-CA", "ja", "zh-CN", "xx", "")],
)
def test_a_language_has_an_order_of_day_and_month(tag: str, order: str | None):
    assert order_of_language(tag) == order


@given(st.datetimes(EARLIEST, LATEST, timezones=st.just(UTC)))
def test_what_is_written_is_read_back(at: datetime):
    assert parse_instant(format_instant(at), BERLIN) == at


@given(
    st.sampled_from(["2024-05-03", "20240503", "2024-W18-5", "2024W185"]),
    st.characters(exclude_categories=["Cs", "Cf", "Nd", "Zs"], exclude_characters="Tt+."),
    st.sampled_from(["05", "0510", "2024", "051000"]),
)
def test_a_date_and_digits_behind_any_sign_are_no_time_of_day(date: str, sign: str, digits: str):
    with pytest.raises(Unreadable):
        parse_instant(date + sign + digits, BERLIN)


@given(st.integers(min_value=0, max_value=10**10))
def test_seconds_and_milliseconds_mean_the_same(seconds: int):
    assert instant_of_epoch(seconds) == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    if seconds >= 10**8:
        assert instant_of_epoch(seconds * 1000) == instant_of_epoch(seconds)


@given(st.text(max_size=100) | st.from_regex(r"[0-9TZ:.+ -]{1,40}"))
def test_any_text_is_an_aware_instant_or_none(text: str):
    with suppress(Unreadable):
        assert parse_instant(text, BERLIN).utcoffset() == timedelta(0)
