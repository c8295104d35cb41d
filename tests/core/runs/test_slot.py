"""The text of a slot is its key in the database: it never changes, and no two slots share one."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.runs.run import Trigger, trigger_of
from scrape_operator.core.runs.slot import (
    Due,
    First,
    Manual,
    Replay,
    SecretsFound,
    Slot,
    digest_token,
    format_slot,
    parse_slot,
)

TIMES = st.datetimes(timezones=st.just(UTC)).map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000))
SLOTS = st.one_of(
    st.builds(Due, TIMES),
    st.builds(Manual, st.text(max_size=256)),
    st.builds(First, st.integers(0, 2**53)),
    st.builds(SecretsFound, st.uuids()),
    st.builds(Replay, st.uuids(), st.uuids()),
)


@pytest.mark.parametrize(
    ("slot", "text", "trigger"),
    [
        (Due(datetime(2026, 11, 25, 12, 5, 0, 250_999, tzinfo=UTC)), "2026-11-25T12:05:00.250Z", Trigger.SCHEDULED),
        (
            Due(datetime(987, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=1)))),
            "0987-01-02T02:04:05.000Z",
            Trigger.SCHEDULED,
        ),
        (Manual("a:b\n"), "manual:a:b\n", Trigger.MANUAL),
        (Manual("generation:3"), "manual:generation:3", Trigger.MANUAL),
        (First(3), "generation:3", Trigger.SCHEDULED),
        (SecretsFound(UUID(int=3)), f"secrets:{UUID(int=3)}", Trigger.SCHEDULED),
        (Replay(UUID(int=3), UUID(int=4)), f"replay:{UUID(int=3)}:{UUID(int=4)}", Trigger.REPLAY),
    ],
    ids=["due", "due elsewhere", "manual", "manual like another", "first", "secrets found", "replay"],
)
def test_the_text_of_a_slot(slot: Slot, text: str, trigger: Trigger) -> None:
    assert format_slot(slot) == text
    assert trigger_of(slot) is trigger


@given(SLOTS)
def test_a_slot_is_read_from_its_text(slot: Slot) -> None:
    assert parse_slot(format_slot(slot)) == slot


@given(SLOTS, SLOTS)
def test_two_slots_have_two_texts(one: Slot, other: Slot) -> None:
    assert (format_slot(one) == format_slot(other)) is (one == other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "generation:",
        "generation:-1",
        "generation:1x",
        "generation:" + "1" * 19,
        "secrets:",
        "secrets:1",
        "replay:1:2",
        "Manual:a",
        "2026-11-25T12:05:00",
    ],
)
def test_no_other_text_is_a_slot(text: str) -> None:
    with pytest.raises(InvalidValue, match="is not the text of a slot"):
        parse_slot(text)


def test_the_message_of_a_text_that_is_no_slot_is_short() -> None:
    with pytest.raises(InvalidValue) as raised:
        parse_slot("x" * 1000)
    assert str(raised.value) == f"'{'x' * 64}' is not the text of a slot"
    with pytest.raises(InvalidValue) as raised:
        parse_slot("secrets:" + "x" * 1000)
    assert str(raised.value) == f"'secrets:{'x' * 88}' is not the text of a slot"


@given(st.lists(st.text(max_size=300), unique=True, min_size=2, max_size=5))
def test_tokens_have_digests_of_their_own(tokens: list[str]) -> None:
    digests = [digest_token(token) for token in tokens]
    assert len(set(digests)) == len(tokens)
    assert {len(digest) for digest in digests} == {16}
    assert digests == [digest_token(token) for token in tokens]
