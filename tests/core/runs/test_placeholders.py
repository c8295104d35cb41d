"""Placeholders in URLs and parameters."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.runs.placeholders import check, check_embedded, render, render_embedded

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YEARS_EVE = datetime(2026, 12, 31, 23, 30, 5, 999_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        pytest.param("https://a.example/", "https://a.example/", id="none"),
        pytest.param("{scheduledFor}", "2026-12-31T23:30:05Z", id="instant in UTC, to the second"),
        pytest.param("{scheduledFor:%Y-%m-%d}", "2027-01-01", id="day in the time zone"),
        pytest.param("{scheduledFor:%H:%M:%S}", "00:30:05", id="colons are literal"),
        pytest.param("{scheduledFor:%y %j %G-W%V-%u}", "27 001 2026-W53-5", id="other calendars"),
        pytest.param("{scheduledFor:%s}", "1798759805", id="epoch seconds"),
        pytest.param("{scheduledFor:day}", "day", id="no directive"),
        pytest.param("a={scheduledFor:%d}&b={scheduledFor:%m}", "a=01&b=01", id="two"),
        pytest.param("{{scheduledFor}}", "{scheduledFor}", id="literal braces"),
        pytest.param("{{{scheduledFor:%Y}}}", "{2027}", id="a placeholder in literal braces"),
        pytest.param("", "", id="empty"),
    ],
)
def test_the_due_time_is_filled_in(template: str, text: str):
    check(template)
    assert render(template, NEW_YEARS_EVE, BERLIN) == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{ shop(day: {scheduledFor:%d}) { name } }", "{ shop(day: 01) { name } }"),
        ('{"at": "{scheduledFor}"}', '{"at": "2026-12-31T23:30:05Z"}'),
        ("{{scheduledFor}} {now} }", "{{scheduledFor}} {now} }"),
        ("{scheduledForm}", "{scheduledForm}"),
        ("", ""),
    ],
)
def test_other_braces_stand_for_themselves_in_a_body(template: str, text: str):
    check_embedded(template)
    assert render_embedded(template, NEW_YEARS_EVE, BERLIN) == text


@pytest.mark.parametrize("text", ["a {scheduledFor:%A}", "a {scheduledFor:}"])
def test_an_unknown_directive_in_a_body_is_refused(text: str):
    with pytest.raises(InvalidValue):
        check_embedded(text)


def test_both_passes_of_a_doubled_hour_have_their_own_instant():
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert render("{scheduledFor:%H}", first, BERLIN) == render("{scheduledFor:%H}", second, BERLIN) == "02"
    assert render("{scheduledFor:%s}", first, BERLIN) != render("{scheduledFor:%s}", second, BERLIN)


@pytest.mark.parametrize(
    "template",
    [
        "{}", "{now}", "{scheduledfor}", "{ scheduledFor }", "{scheduledFor:}", "{scheduledFor:%A}",
        "{scheduledFor:%-d}", "{scheduledFor:%}", "{scheduledFor:%%}", "{scheduledFor:%\n}", "{", "}",
        "{scheduledFor", "a}b", '{"a": 1}', "{scheduledFor!r}", "{scheduledFor.year}", "{scheduledFor:{scheduledFor}}",
    ],
)  # fmt: skip
def test_anything_else_in_braces_is_refused(template: str):
    with pytest.raises(InvalidValue):
        check(template)
    with pytest.raises(InvalidValue):
        render(template, NEW_YEARS_EVE, BERLIN)


def test_a_refusal_says_how_to_write_it():
    with pytest.raises(InvalidValue, match=r"write \{scheduledFor\} or \{scheduledFor:%Y-%m-%d\}"):
        check("{now}")
    with pytest.raises(InvalidValue, match="for a literal brace"):
        check("}")
    with pytest.raises(InvalidValue, match=f"^'{{{'x' * 39}' is no"):
        check(f"{{{'x' * 100}}}")


@given(st.text())
def test_doubled_braces_give_any_text_back(text: str):
    template = text.replace("{", "{{").replace("}", "}}")
    assert render(template, NEW_YEARS_EVE, BERLIN) == text


@given(st.text(alphabet="{}:%YmdsHscheduledFor", max_size=60))
def test_whatever_passes_the_check_renders_to_bounded_text(template: str):
    try:
        check(template)
    except InvalidValue:
        return
    assert len(render(template, NEW_YEARS_EVE, BERLIN)) <= 8 * len(template)


@pytest.mark.parametrize(("template", "doubled"), [("{", "write {{ for"), ("a}b", "write }} for")])
def test_a_single_brace_is_refused_with_its_literal_form(template, doubled):
    with pytest.raises(InvalidValue, match=re.escape(doubled)):
        check(template)
