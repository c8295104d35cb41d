"""How kopf is set up; what it does with it shows in tests/operator, on a real API server."""

from itertools import islice

import kopf

from scrape_operator.watching.bridge import Backoffs, watch_settings


class Unread(kopf.Body):
    """An object that must not be copied or searched."""

    def __iter__(self) -> None:  # type: ignore[override]
        raise AssertionError("it is read")

    __getitem__ = __iter__  # type: ignore[assignment]


def test_an_event_costs_no_copy_of_its_object() -> None:
    storage, body = watch_settings().persistence.diffbase_storage, Unread({"spec": {"interval": "5m"}})
    assert storage.build(body=body) == {}
    assert storage.fetch(body=body) is None
    patch = kopf.Patch()
    storage.store(body=body, patch=patch, essence=kopf.BodyEssence({}))
    assert not patch


def test_pauses_before_another_try_grow_to_half_a_minute_and_never_end() -> None:
    pauses = list(islice(Backoffs(), 100))
    assert pauses[0] < 0.3
    assert all(15 <= pause <= 45 for pause in pauses[8:])
