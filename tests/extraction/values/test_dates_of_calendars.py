"""Years of other calendars than the Gregorian one are converted or missing, never taken for Gregorian ones."""

from datetime import UTC, date, datetime, timedelta

import pytest
from babel import Locale, dates

from scrape_operator.extraction.values.dates import (
    DateContext,
    NeedsWords,
    order_of_language,
    parse_instant,
    parse_words_instant,
)
from scrape_operator.extraction.values.unreadable import Unreadable

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
LEAP_DAYS = [date(year, 2, 29) for year in (1944, 1996, 2024)]
DAYS = [*LEAP_DAYS, *(date(2024, month, 5 + month) for month in range(1, 13)), date(1941, 1, 1)]


def read(text: str, language: str) -> datetime:
    context = DateContext(UTC, NOW, language, derived_order=order_of_language(language))
    try:
        return parse_instant(text, context)
    except NeedsWords:
        return parse_words_instant(text, context)


def in_buddhist_era(day: date, form: str) -> str:
    text = dates.format_date(day, form, locale=Locale.parse("th"))
    assert str(day.year) in text
    return text.replace(str(day.year), str(day.year + 543)).replace("ค.ศ.", "พ.ศ.")


@pytest.mark.parametrize("tag", ["th", "th-TH", "TH_th"])
@pytest.mark.parametrize("form", ["medium", "long", "full"])
def test_thai_dates_in_words_have_buddhist_years(tag: str, form: str):
    texts = {in_buddhist_era(day, form): day for day in DAYS}
    assert [(text, day) for text, day in texts.items() if read(text, tag).date() != day] == []


@pytest.mark.parametrize("form", ["{0:%d/%m}/{1}", "{0:%d.%m}.{1}", "{0:%d-%m}-{1}", "{1}/{0:%m/%d}"])
def test_thai_dates_of_digits_have_buddhist_years(form: str):
    assert [day for day in DAYS if read(form.format(day, day.year + 543), "th").date() != day] == []


@pytest.mark.parametrize(
    ("text", "tag", "expected"),
    [
        ("๓ พ.ค. ๒๕๖๗", "th", "2024-05-03"),
        ("3 พ.ค. 2567, 14:30", "th", "2024-05-03T14:30"),
        ("พฤษภาคม 2567", "th", "2024-05-01"),
        ("Fri, 03 May 2567 10:00:00 +0700", "th", "2024-05-03T03:00"),
        ("3 May B.E. 2567", "en", "2024-05-03"),
        ("3 พ.ค. 2024", "th", "2024-05-03"),
        ("3 พฤษภาคม ค.ศ. 2567", "th", "2567-05-03"),
        ("2567-05-03", "th", "2567-05-03"),  # ISO 8601 is Gregorian
        ("25670503", "th", "2567-05-03"),
        ("3 May 2567", "en", "2567-05-03"),
        ("3/5/2567", "de", "2567-05-03"),
        ("3 พ.ค.", "th", "2026-05-03"),
        ("3 พ.ค. 10:30", "th", "2026-05-03T10:30"),
        ("2024/05/03", "fa", "2024-05-03"),
        ("3/5/2024", "ar", "2024-05-03"),
        ("1403/02/14", "de", "1403-02-14"),
    ],
)
def test_a_year_means_what_its_page_means(text: str, tag: str, expected: str):
    assert f"{read(text, tag):%Y-%m-%dT%H:%M}".removesuffix("T00:00") == expected


@pytest.mark.parametrize(
    ("text", "tag", "why"),
    [
        ("3 พ.ค. 67", "th", "two digits"),
        ("3/5/67", "th", "two digits"),
        ("3 พ.ค. พ.ศ. 2567", "", None),  # nothing says the language
        ("1403/02/14", "fa", "not one of the Gregorian"),
        ("۱۴\u06f3۳/۲/۱۴", "fa-IR", "not one of the Gregorian"),
        ("۱۴ اردیبهشت ۱۳۹۹", "fa", "not one of the Gregorian"),
        ("24/10/1445", "ar", "not one of the Gregorian"),
        ("24 شوال 1445 هـ", "ar-SA", "not one of the Gregorian"),
        ("令和6年5月3日", "ja", None),
        ("民國113年5月3日", "zh-TW", None),
        ("113/05/03", "zh-TW", None),
        ("25 ሚያዝያ 2016", "am", None),
        ("२०८१ वैशाख २१", "ne", None),
    ],
)
def test_a_year_that_may_be_of_another_calendar_is_missing(text: str, tag: str, why: str | None):
    with pytest.raises(Unreadable, match=why):
        read(text, tag)


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("Updated: 3 May 2024", "en"),
        ("Publié le 3 mai 2024", "fr"),
        ("Veröffentlicht am 3. Mai 2024", "de"),
        ("Publicado el 3 de mayo de 2024", "es"),
        ("更新日: 2024年5月3日", "ja"),
        ("Stand: 03.05.2024, 14:30 Uhr", "de"),
        ("3 May 2024 to 5 May 2024", "en"),
        (f"{'Long ' * 20} 3 May 2024", "en"),
    ],
)
def test_a_date_among_other_words_is_missing_and_the_warning_names_regex(text: str, tag: str):
    with pytest.raises(Unreadable, match="with regex"):
        read(text, tag)


def test_a_gregorian_date_of_any_month_is_unchanged_in_languages_of_other_calendars():
    for tag in ("th", "fa", "ar", "ur", "ps", "ckb"):
        for days in range(0, 366, 7):
            day = date(2024, 1, 1) + timedelta(days)
            assert read(day.isoformat(), tag).date() == day
            assert read(f"{day:%Y/%m/%d}", tag).date() == day
