"""A priority queue is compared with a sorted list, step by step."""

from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.lazy_heap import LazyHeap

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), st.integers(0, 5), st.integers(0, 3)),
        st.tuples(st.just("discard"), st.integers(0, 5), st.just(0)),
        st.tuples(st.just("pop"), st.integers(0, 4), st.integers(-1, 3)),
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
        else:
            limit, latest = key, priority
            due = sorted((one for one in model if model[one][0] <= latest), key=lambda one: model[one])
            assert list(islice(heap.pop_until(latest), limit)) == due[:limit]
            for one in due[:limit]:
                del model[one]
        expected_first = min(model, key=lambda one: model[one], default=None)
        assert heap.first() == (None if expected_first is None else (model[expected_first][0], expected_first))
        assert len(heap) == len(model)


def test_what_is_popped_may_be_set_again_meanwhile() -> None:
    heap: LazyHeap[str, int] = LazyHeap()
    heap.set("one", 1)
    heap.set("two", 2)
    popped = []
    for key in heap.pop_until(3):
        popped.append(key)
        if popped == ["one"]:
            heap.set("one", 3)
    assert popped == ["one", "two", "one"]


def test_a_key_that_is_set_to_its_priority_again_keeps_its_place() -> None:
    heap: LazyHeap[str, int] = LazyHeap()
    for key in ("one", "two", "one"):
        heap.set(key, 9)
    assert list(heap.pop_until(9)) == ["one", "two"]


def test_stale_entries_do_not_pile_up() -> None:
    heap: LazyHeap[str, int] = LazyHeap()
    lengths = set()
    for priority in range(100_000):
        heap.set("one", priority)
        lengths.add(len(heap._heap))
    assert max(lengths) == 2 + 64
    assert heap.first() == (99_999, "one")


def test_entries_that_were_discarded_do_not_pile_up() -> None:
    heap: LazyHeap[int, int] = LazyHeap()
    for key in range(1_000):
        heap.set(key, key)
    for key in range(1, 1_000):
        heap.discard(key)
    assert len(heap._heap) < 100
