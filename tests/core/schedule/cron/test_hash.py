"""`H`: a value that a UID keeps for ever, spread evenly over UIDs."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.schedule.cron import CronExpression, parse_cron
from scrape_operator.core.schedule.cron.fields import DAY_OF_MONTH, FIELDS, HOUR, MINUTE, Field, read_field, stable_hash

QUOTES = "6f2a8a6e-63f7-4f3c-9a55-0d3c5b1f7a10"
uids = st.uuids().map(str)


def values(field: Field, text: str, uid: str) -> list[int]:
    bits = read_field(field, text, uid)
    return [bit for bit in range(bits.bit_length()) if bits >> bit & 1]


def test_the_hash_of_a_uid_is_the_same_in_every_release() -> None:
    assert [values(field, "H", QUOTES) for field in FIELDS] == [[40], [2], [24], [12], [3]]
    assert values(MINUTE, "H/15", QUOTES) == [10, 25, 40, 55]


def test_the_same_uid_gives_the_same_expression() -> None:
    assert parse_cron("H H(0-7) H * *", QUOTES) == parse_cron("H H(0-7) H * *", QUOTES)
    assert parse_cron("H * * * *", QUOTES) != parse_cron("H * * * *", QUOTES.replace("6f", "7f"))


@given(uids, st.sampled_from(FIELDS))
def test_a_hashed_value_is_within_the_field(uid: str, field: Field) -> None:
    [value] = values(field, "H", uid)
    assert field.low <= value <= field.high


@given(uids, st.data())
def test_a_hashed_value_is_within_its_range(uid: str, data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(FIELDS))
    low = data.draw(st.integers(field.low, field.hashed_high))
    high = data.draw(st.integers(low, field.hashed_high))
    [value] = values(field, f"H({low}-{high})", uid)
    assert low <= value <= high


@given(uids, st.data())
def test_hashed_steps_are_even_and_begin_within_the_first_step(uid: str, data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(FIELDS))
    low = data.draw(st.integers(field.low, field.hashed_high))
    high = data.draw(st.integers(low, field.hashed_high))
    step = data.draw(st.integers(1, high - low + 1))
    found = values(field, f"H({low}-{high})/{step}", uid)
    assert low <= found[0] < low + step
    assert found == list(range(found[0], high + 1, step))


@given(uids)
def test_a_hashed_day_is_one_that_every_month_has(uid: str) -> None:
    assert max(values(DAY_OF_MONTH, "H", uid)) <= 28
    assert max(values(DAY_OF_MONTH, "H/5", uid)) <= 28


def test_the_fields_of_one_object_are_hashed_apart() -> None:
    assert len({stable_hash(QUOTES, field) for field in FIELDS}) == len(FIELDS)
    pairs = {(stable_hash(str(n), MINUTE) % 24, stable_hash(str(n), HOUR) % 24) for n in range(2_000)}
    assert len(pairs) > 500


def test_many_objects_are_spread_over_all_minutes() -> None:
    counts = Counter(stable_hash(f"uid-{n}", MINUTE) % 60 for n in range(6_000))
    assert len(counts) == 60
    assert max(counts.values()) < 160


@pytest.mark.parametrize(
    ("text", "follows"),
    [
        ("H * * * *", True),
        ("H H * * *", False),
        ("H/15 H * * *", False),
        ("H/15 8-18 * * 1-5", False),
        ("*/15 H * * *", True),
        ("H,30 2 * * *", False),
        ("5,* 2 * * *", False),
        ("0 ?/2 * * *", True),
    ],
)
def test_h_counts_as_a_number_where_clocks_change(text: str, *, follows: bool) -> None:
    expression: CronExpression = parse_cron(text, QUOTES)
    assert expression.follows_elapsed_time is follows


def test_h_stands_in_lists_and_takes_names() -> None:
    [weekday] = values(FIELDS[4], "H(mon-fri)", QUOTES)
    assert 1 <= weekday <= 5
    one, other = values(MINUTE, "H(0-29),H(30-59)", QUOTES)
    assert one < 30 <= other


def test_h_in_a_day_field_is_a_restriction() -> None:
    assert parse_cron("0 0 H * 1", QUOTES).either_day
    assert parse_cron("0 0 1 * H", QUOTES).either_day
    assert not parse_cron("0 0 H * *", QUOTES).either_day
