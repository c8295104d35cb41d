"""How kopf is set up; what it does shows in tests/e2e, on a real API server."""

from itertools import islice

import kopf
import pytest

from scrape_operator.watching.bridge import Backoffs, watch_settings


def test_an_event_costs_no_copy_of_its_object(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: object) -> None:
        raise AssertionError("the object is read")

    body = kopf.Body({"spec": {"interval": "5m"}})
    monkeypatch.setattr(kopf.Body, "__iter__", read)
    monkeypatch.setattr(kopf.Body, "__getitem__", read)
    storage = watch_settings().persistence.diffbase_storage
    assert storage.build(body=body) == {}
    assert storage.fetch(body=body) is None
    patch = kopf.Patch()
    storage.store(body=body, patch=patch, essence=kopf.BodyEssence({}))
    assert not patch


def test_pauses_before_another_try_grow_to_half_a_minute_and_never_end() -> None:
    pauses = list(islice(Backoffs(), 1000))
    assert pauses[0] <= 0.4
    assert all(0.0 <= pause <= 30.0 for pause in pauses)
    assert max(pauses[500:]) > 15.0
