"""Run identifiers."""

import secrets
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core import ids
from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.ids import parse_run_ids, uuid7


@given(st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)))
def test_an_identifier_is_of_version_7_and_begins_with_its_time(at: datetime) -> None:
    made = uuid7(at)
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert made.int >> 80 == int(at.timestamp() * 1000)


def test_identifiers_of_one_instant_differ() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert len({uuid7(now) for _ in range(3_000)}) == 3_000


def test_256_identifiers_take_their_random_bits_in_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks: list[bytes] = []

    def token_bytes(size: int) -> bytes:
        blocks.append(real(size))
        return blocks[-1]

    real = secrets.token_bytes
    monkeypatch.setattr(ids, "_pool", [])
    monkeypatch.setattr(secrets, "token_bytes", token_bytes)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    made = {uuid7(now).int % 2**62 for _ in range(256)}
    (block,) = blocks
    assert made == {int.from_bytes(block[at : at + 10]) % 2**62 for at in range(0, 2560, 10)}
    assert uuid7(now).int % 2**62 not in made
    assert len(blocks) == 2


def test_an_id_of_32_digits_is_whole() -> None:
    whole, part = parse_run_ids(f"{7:032x}"), parse_run_ids("ab")
    assert (whole.is_whole, whole.first, whole.last) == (True, UUID(int=7), UUID(int=7))
    assert (str(whole), str(part)) == ("00000000-0000-0000-0000-000000000007", "ab")
    assert (part.is_whole, part.first.hex, part.last.hex) == (False, f"ab{'0' * 30}", f"ab{'f' * 30}")
    with pytest.raises(InvalidValue):
        parse_run_ids(f"{7:033x}")


def test_an_instant_before_the_epoch_has_an_id_too() -> None:
    assert uuid7(datetime(1969, 7, 20, tzinfo=UTC)).version == 7


def test_a_refused_id_is_shown_in_part() -> None:
    with pytest.raises(InvalidValue, match=f"^'{'x' * 64}' is no ID"):
        parse_run_ids("x" * 1000)
