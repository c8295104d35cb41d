"""How long operations wait for others: never for ever, and not at all after a pause."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from scrape_operator.storage.engine.batching import (
    GATHER_SECONDS,
    MAX_OPERATIONS,
    MAX_WEIGHT,
    PATIENT_SECONDS,
    Gathering,
    Operation,
)


def apply(connection: Connection, payloads: Sequence[Any]) -> Sequence[Any]:
    return payloads


async def operation(since: float = 0.0, payload: object = None, **others: Any) -> Operation:
    return Operation(apply, payload, since, **others)


async def test_the_first_prompt_operation_waits_for_nothing() -> None:
    gathering = Gathering()
    gathering.add(await operation(10.0))
    assert gathering.pause(10.0) == 0.0
    assert len(gathering.take(10.0)) == 1


async def test_what_comes_soon_after_a_transaction_gathers_for_a_moment() -> None:
    gathering = Gathering()
    gathering.add(await operation(10.0))
    gathering.take(10.0)
    gathering.add(await operation(10.01))
    assert gathering.pause(10.01) == pytest.approx(GATHER_SECONDS - 0.01)
    assert gathering.pause(10.0 + GATHER_SECONDS) == 0.0


async def test_what_is_patient_waits_longer_and_goes_with_all_that_is() -> None:
    gathering = Gathering()
    gathering.add(await operation(10.0, patient=True))
    gathering.add(await operation(10.2, patient=True))
    assert gathering.pause(10.2) == pytest.approx(PATIENT_SECONDS - 0.2)
    for at in (10.21, 10.22):
        gathering.add(await operation(at))
    assert [one.patient for one in gathering.take(10.23)] == [False, False]
    gathering.add(await operation(10.24))
    assert [one.patient for one in gathering.take(10.0 + PATIENT_SECONDS)] == [False, True, True]


async def test_what_is_urgent_goes_first() -> None:
    gathering = Gathering()
    gathering.add(await operation(payload="later"))
    gathering.add_first(await operation(payload="first"))
    assert [one.payload for one in gathering.take(0.0)] == ["first", "later"]


async def test_what_wants_to_be_alone_is() -> None:
    gathering = Gathering()
    for alone in (False, True, False):
        gathering.add(await operation(alone=alone, payload=alone))
    gathering.add(await operation(alone=True, patient=True))
    sizes = []
    while gathering:
        sizes.append(len(gathering.take(1000.0)))
    assert sizes == [1, 1, 1, 1]


@given(
    st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(1, MAX_WEIGHT + 1), st.floats(0, 0.3)), max_size=50)
)
def test_every_operation_is_taken_once_in_order_and_within_bounds(
    added: list[tuple[bool, bool, int, float]],
) -> None:
    asyncio.run(taken_once(added))


async def taken_once(added: list[tuple[bool, bool, int, float]]) -> None:
    gathering, now, taken = Gathering(), 0.0, list[Operation]()
    for number, (patient, takes, weight, passes) in enumerate(added):
        gathering.add(await operation(now, number, patient=patient, weight=weight))
        now += passes
        if takes:
            taken += within_bounds(gathering.take(now))
    while gathering:
        assert gathering.pause(now) <= PATIENT_SECONDS
        now += gathering.pause(now)
        assert gathering.pause(now) == pytest.approx(0.0, abs=1e-9)
        taken += within_bounds(gathering.take(now))
    for patient in (True, False):
        numbers = [one.payload for one in taken if one.patient is patient]
        assert numbers == [number for number, entry in enumerate(added) if entry[0] is patient]


def within_bounds(batch: list[Operation]) -> list[Operation]:
    assert 1 <= len(batch) <= MAX_OPERATIONS
    assert len(batch) == 1 or sum(one.weight for one in batch) <= MAX_WEIGHT
    return batch
