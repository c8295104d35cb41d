from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.net.cookie_dates import parse_cookie_date


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00"),
        ("Thu, 01-Jan-1970 00:00:00 GMT", "1970-01-01T00:00:00"),
        ("Thu, 01-Jan-70 00:00:00 GMT", "1970-01-01T00:00:00"),
        ("Thursday, 01-Jan-70 00:00:00 GMT", "1970-01-01T00:00:00"),
        ("Thu, 1 Jan 1970 0:00:00 GMT", "1970-01-01T00:00:00"),
        ("Thu, 01 Jan 1970 00:00:00 UTC", "1970-01-01T00:00:00"),
        ("Thu, 01 Jan 1970 00:00:00 -0000", "1970-01-01T00:00:00"),
        ("Thu Jan  1 00:00:00 1970", "1970-01-01T00:00:00"),
        ("1 january 70 00:00:00", "1970-01-01T00:00:00"),
        ("Wed, 21 Oct 2099 07:28:05 GMT", "2099-10-21T07:28:05"),
        ("Sun, 06-Nov-69 08:49:37 GMT", "2069-11-06T08:49:37"),
        ("Fri, 31 Dec 9999 23:59:59 GMT", "9999-12-31T23:59:59"),
        ("Mon, 01 Jan 1601 00:00:00 GMT", "1601-01-01T00:00:00"),
    ],
)
def test_the_spellings_of_servers_are_read(text, expected):
    assert parse_cookie_date(text) == datetime.fromisoformat(f"{expected}Z").timestamp()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "-1",
        "never",
        "Thu, 01 Jan 1970",
        "Thu, 31 Feb 2020 00:00:00 GMT",
        "Thu, 01 Jan 1970 24:00:00 GMT",
        "Thu, 01 Jan 1970 00:60:00 GMT",
        "Fri, 01 Jan 1600 00:00:00 GMT",
        "Thu, 01 Jan 19700 00:00:00 GMT",
        "1970-01-01T00:00:00Z",
    ],
)
def test_what_is_no_date_is_none(text):
    assert parse_cookie_date(text) is None


@given(st.text())
def test_any_text_can_be_read(text):
    parse_cookie_date(text)
