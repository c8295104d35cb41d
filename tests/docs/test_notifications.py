"""The receiver of the page on notifications takes what the operator sends, once, and nothing that is forged."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from scrape_operator.core.notifications.webhooks import NotifyEvent
from tests.dev.controlplane.processes import free_port
from tests.docs.reading import DOCS, read
from tests.reporting.webhooks.conftest import World, webhook
from tests.support.receiver import SIGNING_SECRET, Receiver
from tests.support.secrets import MemorySecrets
from tests.support.waiting import eventually

PAGE = read(DOCS / "notifications.md")
FENCED = re.compile(r"^```json\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture
def example(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The receiver of the page as a process: its URL, and the file that it prints to."""
    (tmp_path / "receiver.py").write_text(PAGE.files["receiver.py"], encoding="utf-8")
    port, printed = free_port(), tmp_path / "printed"
    with printed.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "receiver.py"],
            env={**os.environ, "PORT": str(port), "WEBHOOK_SECRET": SIGNING_SECRET},
            cwd=tmp_path,
            stdout=output,
            stderr=subprocess.DEVNULL,
        )
        yield f"http://127.0.0.1:{port}/", printed
        process.kill()
        process.wait()


async def test_the_receiver_of_the_page_takes_real_messages_and_no_forged_ones(
    example: tuple[str, Path], tmp_path: Path
) -> None:
    url, printed = example
    world = World(tmp_path / "runs.db", Receiver(), MemorySecrets({"hook": {"url": url, "secret": SIGNING_SECRET}}))
    world.add(webhook())
    await world.start()
    await world.fail()
    await world.succeed(a="1")
    await eventually(
        lambda: (
            printed.read_text().splitlines()
            == [
                "RunFailed quotes",
                "RunRecovered quotes",
                "ItemsChanged quotes",
            ]
        )
    )
    await world.stop()
    forged = {"webhook-id": "msg_1", "webhook-timestamp": "0", "webhook-signature": "v1,AAAA"}
    async with httpx.AsyncClient() as client:
        assert (await client.post(url, headers=forged, content=b"{}")).status_code == 401
    assert len(printed.read_text().splitlines()) == 3


async def test_the_message_of_the_page_has_the_fields_of_a_real_one(tmp_path: Path, receiver: Receiver) -> None:
    (shown,) = (json.loads(text) for text in FENCED.findall((DOCS / PAGE.name).read_text(encoding="utf-8")))
    secrets = MemorySecrets({"hook": {"url": receiver.url, "secret": SIGNING_SECRET}})
    world = World(tmp_path / "runs.db", receiver, secrets)
    world.add(webhook(events=(NotifyEvent.ITEMS_CHANGED,)))
    await world.start()
    await world.succeed(a="1")
    await eventually(lambda: receiver.requests)
    await world.stop()
    payload = receiver.requests[0].payload
    assert list(payload) == list(shown)
    assert list(payload["data"]) == list(shown["data"])
    assert list(payload["data"]["run"]) == list(shown["data"]["run"])
    assert list(payload["data"]["changes"][0]) == list(shown["data"]["changes"][0])
