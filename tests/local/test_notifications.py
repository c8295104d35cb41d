"""Webhooks of `scrape-operator local`: with Secrets of files, and over kills at any moment."""

import json
import os
import random
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import yaml

from tests.support.changing_shop import EXTRACT, HOOK, Shop, accepted, check_ids, check_order, replayed
from tests.support.preloaded import program
from tests.support.receiver import SIGNING_SECRET, Receiver, Reply, more_than

KILLS = int(os.environ.get("KILLS", "3"))
"""How often the process is killed; 50 in a full run."""


def write(folder: Path, changing_shop: Shop, receiver: Receiver, **spec: Any) -> None:
    target = {"name": "main", "http": {"url": changing_shop.url}, "extract": EXTRACT, "retry": {"attempts": 1}}
    schedule = {
        "apiVersion": "scrape-operator.dev/v1alpha1",
        "kind": "ScrapeSchedule",
        "metadata": {"name": "goods"},
        "spec": {"interval": "1s", "targets": [target], "notify": [HOOK], **spec},
    }
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "hook"},
        "stringData": {"url": receiver.url, "secret": SIGNING_SECRET},
    }
    (folder / "goods.yaml").write_text(yaml.safe_dump_all([schedule, secret]))


def start(folder: Path, *options: str) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    environment |= {"SCRAPE_OPERATOR_ALLOW_CIDRS": "127.0.0.0/8", "SCRAPE_OPERATOR_RUN_LEASE_SECONDS": "3"}
    command = [program(), "local", str(folder / "goods.yaml"), "--show", "0", *options]
    return subprocess.Popen(command, env=environment, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    path = folder / "scrape-operator.db"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as database:
        return database.execute(query).fetchall()


def until(holds: Callable[[], bool], within: float = 90.0) -> None:
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end, "it never held"
        time.sleep(0.02)


def is_quiet(folder: Path) -> bool:
    """Return whether no run goes on and every message was delivered."""
    waiting = "SELECT id FROM webhook_messages WHERE status <> 'DELIVERED'"
    return not rows(folder, f"SELECT id FROM scrape_runs WHERE status = 'RUNNING' UNION ALL {waiting}")


def test_a_message_is_delivered_before_a_single_run_ends(
    tmp_path: Path, changing_shop: Shop, receiver: Receiver
) -> None:
    changing_shop.fails = False
    write(tmp_path, changing_shop, receiver)
    assert start(tmp_path, "--once").wait(60) == 0
    [message] = receiver.requests
    assert message.type == "ItemsChanged"
    check_ids([message])
    assert rows(tmp_path, "SELECT status FROM webhook_messages") == [("DELIVERED",)]


def test_nothing_is_lost_by_kills_at_any_moment(tmp_path: Path, changing_shop: Shop, receiver: Receiver) -> None:
    """The receiver takes its time, so that many kills come between its receipt and the note of it."""

    def answer(reply: Reply) -> None:
        time.sleep(0.2)
        reply.status(200)

    receiver.answer = answer
    write(tmp_path, changing_shop, receiver)
    chance = random.Random(13)
    for _kill in range(KILLS):
        process = start(tmp_path)
        try:
            until(more_than(len(receiver.requests), receiver))
            time.sleep(chance.uniform(0, 1.5))
        finally:
            process.kill()
            process.wait()
    write(tmp_path, changing_shop, receiver, suspend=True)
    process = start(tmp_path)
    until(lambda: is_quiet(tmp_path))
    process.terminate()
    process.wait(60)
    kept = accepted(receiver.requests, {})
    check_ids(receiver.requests)
    check_order(kept)
    stored = rows(tmp_path, "SELECT key, data FROM items WHERE gone_at IS NULL")
    assert replayed(kept) == {key: json.loads(data) for key, data in stored}
