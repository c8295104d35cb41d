"""Dates as CLDR writes them in many languages are read back, or are missing; never another date."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime

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
LOCALES = """
ar bg bn ca cs da de de-AT el en-GB en-US es et fi fil fr fr-CA he hi hr hu id it ja ko lt lv ms nb nl pl pt
pt-BR ro ru sk sl sr sv th tr uk vi zh
"""
MORE_LOCALES = ("af", "az", "be", "eu", "fa", "gl", "hy", "is", "ka", "kk", "mk", "sq", "sw", "ta", "ur", "uz")


def read(text: str, language: str) -> datetime:
    context = DateContext(UTC, NOW, language, derived_order=order_of_language(language))
    try:
        return parse_instant(text, context)
    except NeedsWords:
        return parse_words_instant(text, context)


def written(tag: str) -> Iterator[tuple[date, str]]:
    locale = Locale.parse(tag.replace("-", "_"))
    for month in range(1, 13):
        for form in ("medium", "long", "full"):
            day = date(2020, month, 5 + month)
            yield day, dates.format_date(day, form, locale=locale)


@pytest.mark.parametrize("tag", LOCALES.split())
def test_a_date_in_words_is_read_back_in_its_language(tag: str):
    assert [(text, day) for day, text in written(tag) if read(text, tag).date() != day] == []


@pytest.mark.parametrize("tag", MORE_LOCALES)
def test_a_date_in_words_is_never_read_as_another_one(tag: str):
    for day, text in written(tag):
        with suppress(Unreadable):
            assert read(text, tag).date() == day, text


def written_with_time(tag: str) -> Iterator[tuple[datetime, str]]:
    locale = Locale.parse(tag.replace("-", "_"))
    for at in (datetime(2020, 3, 17, 14, 5, tzinfo=UTC), datetime(2020, 9, 5, 9, 30, 7, tzinfo=UTC)):
        day = dates.format_date(at, "long", locale=locale)
        for form in ("short", "medium"):
            time = dates.format_time(at, form, locale=locale)
            second = at.second if form == "medium" else 0
            for pattern in ("short", "medium", "long"):
                text = locale.datetime_formats[pattern].replace("'", "").replace("{1}", day).replace("{0}", time)
                yield at.replace(second=second), text


@pytest.mark.parametrize("tag", [tag for tag in LOCALES.split() if tag != "ms"])
def test_a_date_with_its_time_is_read_back(tag: str):
    assert [(text, at) for at, text in written_with_time(tag) if read(text, tag) != at] == []


@pytest.mark.parametrize("text", ["5 Mart 2020", "5 set 2020", "5 May 2020 10:00 ist", "5 May 2020 IST", "Mart 2020"])
@pytest.mark.parametrize("tag", ["", "en", "tr", "it"])
def test_no_word_is_taken_for_a_zone_that_means_several_offsets(text: str, tag: str):
    with suppress(Unreadable):
        assert (read(text, tag).day, read(text, tag).hour) in {(5, 0), (1, 0)}
