"""kopf's thread: what ends in it is started again, until it is told to stop."""

import asyncio
from collections.abc import Callable
from typing import Any

import kopf
import pytest

from scrape_operator.api.kinds.registry import SCRAPE_SCHEDULE
from scrape_operator.cluster.credentials import Credentials
from scrape_operator.watching import bridge
from scrape_operator.watching.bridge import WatchThread


class FakeKopf:
    """Stands in for `kopf.operator`: ends, fails or waits as a test says, and counts its starts."""

    def __init__(self, *endings: Exception | None) -> None:
        self.endings = list(endings)
        self.starts = 0

    async def operator(self, *, registry: kopf.OperatorRegistry, stop_flag: Any, **_: Any) -> None:
        self.starts += 1
        if self.endings:
            ending = self.endings.pop(0)
            if ending is not None:
                raise ending
            return
        while not stop_flag.is_set():
            await asyncio.sleep(0.005)


def read_credentials() -> Credentials:
    return Credentials("https://127.0.0.1:1", None, None, None, "Bearer token")


def thread(monkeypatch: pytest.MonkeyPatch, fake: FakeKopf) -> WatchThread:
    monkeypatch.setattr(kopf, "operator", fake.operator)
    return WatchThread([SCRAPE_SCHEDULE], (), read_credentials, lambda *_event: None, restart_seconds=0.01)


async def until(look: Callable[[], bool]) -> None:
    """Look again, for 10 seconds at most."""
    for _ in range(2000):
        if look():
            break
        await asyncio.sleep(0.005)
    assert look()


@pytest.mark.parametrize("ending", [pytest.param(None, id="it ends"), pytest.param(RuntimeError("x"), id="it fails")])
async def test_a_watch_that_ends_is_started_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, ending: Exception | None
) -> None:
    fake = FakeKopf(ending, ending)
    watch = thread(monkeypatch, fake)
    watch.start()
    await until(lambda: fake.starts == 3)
    states = [watch.is_alive]
    await watch.stop()
    assert [*states, watch.is_alive] == [True, False]
    assert fake.starts == 3
    assert len([record for record in caplog.records if "started again" in record.message]) == 2


async def test_a_watch_is_started_again_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeKopf()
    watch = thread(monkeypatch, fake)
    watch.start()
    await until(lambda: fake.starts == 1)
    before = watch.started_at
    watch.restart()
    await until(lambda: fake.starts == 2)
    assert watch.started_at > before
    await watch.stop()


async def test_every_login_has_a_later_expiration_so_that_kopf_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "LOGIN_PAUSE_SECONDS", 0.0)
    watch = thread(monkeypatch, FakeKopf())
    first, second = await watch._login(), await watch._login()
    assert (first.scheme, first.token) == ("Bearer", "token")
    assert first != second
    assert first.expiration is not None
    assert second.expiration is not None
    assert second.expiration > first.expiration
