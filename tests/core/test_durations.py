"""Go durations and byte sizes: what is read, what is refused, and that writing is the inverse of reading."""

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.durations import (
    BYTES_PATTERN,
    DURATION_PATTERN,
    format_duration,
    parse_bytes,
    parse_duration,
)
from scrape_operator.core.errors import InvalidValue

durations = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=40_000))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5m", 300),
        ("1h30m", 5_400),
        ("1.5h", 5_400),
        ("250ms", 0.25),
        ("1.5s", 1.5),
        ("720h", 2_592_000),
        ("1s1s", 2),
        ("0.0005s", 0.0005),
        ("007m", 420),
        ("0s", 0),
    ],
)
def test_go_durations_are_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "-5m",
        "+5m",
        "5 m",
        "5m\n",
        "1d",
        "1w",
        "1e3s",
        ".5s",
        "5.s",
        "5M",
        "1h 30m",
        "\u0665m",
        "9" * 63 + "h",
        "1s" * 40,
    ],
    ids=repr,
)
def test_what_is_no_duration_is_refused_with_the_form_it_needs(text: str) -> None:
    with pytest.raises(InvalidValue, match="duration"):
        parse_duration(text)


@given(durations)
def test_a_duration_that_is_written_is_read_as_itself(value: timedelta) -> None:
    text = format_duration(value)
    assert re.fullmatch(DURATION_PATTERN, text)
    assert parse_duration(text) == value


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (10, "10s"),
        (90, "1m30s"),
        (100, "1m40s"),
        (1.5, "1.5s"),
        (0.05, "0.05s"),
        (3_600, "1h"),
        (3_610, "1h10s"),
        (86_400, "24h"),
    ],
)
def test_durations_are_written_in_their_shortest_form(seconds: float, text: str) -> None:
    assert format_duration(timedelta(seconds=seconds)) == text


@given(st.text(max_size=80))
def test_any_text_is_a_duration_or_a_refusal(text: str) -> None:
    try:
        value = parse_duration(text)
    except InvalidValue:
        return
    assert value >= timedelta(0)
    assert re.fullmatch(DURATION_PATTERN, text)


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (0, 0),
        (1_024, 1_024),
        ("10Mi", 10 * 2**20),
        ("1Ki", 1_024),
        ("1k", 1_000),
        ("5M", 5_000_000),
        ("2G", 2_000_000_000),
        ("1Gi", 2**30),
        ("512", 512),
    ],
    ids=repr,
)
def test_byte_sizes_are_read(value: str | int, size: int) -> None:
    assert parse_bytes(value) == size


@pytest.mark.parametrize(
    "value", ["", "Ki", "-1", "1.5Mi", "1K", "1 Ki", "1KiB", "1Ti", "1k\n", "\u0663", -1, True], ids=repr
)
def test_what_is_no_byte_size_is_refused_with_the_form_it_needs(value: str | int) -> None:
    with pytest.raises(InvalidValue, match="byte size"):
        parse_bytes(value)


@given(st.text(max_size=80))
def test_any_text_is_a_byte_size_or_a_refusal(text: str) -> None:
    try:
        assert parse_bytes(text) >= 0
    except InvalidValue:
        return
    assert re.fullmatch(BYTES_PATTERN, text)


def test_texts_of_64_characters_are_read_and_longer_ones_are_not() -> None:
    assert parse_duration("1s".rjust(64, "0")) == timedelta(seconds=1)
    assert parse_bytes("1k".rjust(64, "0")) == 1000
    with pytest.raises(InvalidValue):
        parse_duration("1s".rjust(65, "0"))
    with pytest.raises(InvalidValue):
        parse_bytes("1k".rjust(65, "0"))
