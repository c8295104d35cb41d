"""A priority queue is compared with a sorted list, step by step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.lazy_heap import LazyHeap

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), st.integers(0, 5), st.integers(0, 3)),
        st.tuples(st.just("discard"), st.integers(0, 5), st.just(0)),
        st.tuples(st.just("pop"), st.just(0), st.just(0)),
    ),
    max_size=300,
)


@given(STEPS)
def test_it_pops_what_a_sorted_list_would(steps: list[tuple[str, int, int]]) -> None:
    heap: LazyHeap[int, int] = LazyHeap()
    model: dict[int, tuple[int, int]] = {}
    for number, (step, key, priority) in enumerate(steps):
        if step == "set":
            heap.set(key, priority)
            if key not in model or model[key][0] != priority:
                model[key] = (priority, number)
        elif step == "discard":
            heap.discard(key)
            model.pop(key, None)
        elif model:
            expected = min(model, key=lambda one: model[one])
            assert heap.pop() == (model.pop(expected)[0], expected)
        expected_first = min(model, key=lambda one: model[one], default=None)
        assert heap.first() == (None if expected_first is None else (model[expected_first][0], expected_first))
        assert len(heap) == len(model)
        assert set(heap) == model.keys()
        assert all((one in heap) == (one in model) for one in range(6))


def test_an_empty_one_has_nothing_to_pop() -> None:
    with pytest.raises(IndexError):
        LazyHeap[str, int]().pop()


def test_stale_entries_do_not_pile_up() -> None:
    heap: LazyHeap[str, int] = LazyHeap()
    for priority in range(100_000):
        heap.set("one", priority)
    assert len(heap._heap) < 100
    assert heap.pop() == (99_999, "one")
