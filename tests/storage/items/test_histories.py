"""Random histories of a shop: the changes, replayed over what was there first, give what is there last."""

import asyncio
import random
from typing import Any

from sqlalchemy import select

from scrape_operator.core.runs.items import Item, ItemMode
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunClaim, RunResult, RunStatus, TargetResult
from scrape_operator.storage.store import SQLRunStore, open_store
from scrape_operator.storage.tables import item_changes, items
from tests.storage.values import claim_of, failed_of, result_of, settings_for, target_of

HISTORIES = 200
RUNS = 8

Goods = dict[str, dict[str, Any]]

PRICES = ["1", "2", "3  .50", "3 .50", None, 7, True]


class Shop:
    """Goods that come, change and go; what a run reads of them may be partial, old or wrong."""

    def __init__(self, uid: str, seed: int) -> None:
        self.uid = uid
        self.random = random.Random(seed)
        self.mode = self.random.choice([ItemMode.SNAPSHOT, ItemMode.SNAPSHOT, ItemMode.UPSERT])
        self.goods: Goods = {}
        self.expected: Goods = {}

    def change(self) -> None:
        """Let goods come, change and go."""
        for name in "abcdef":
            dice = self.random.random()
            if dice < 0.2:
                self.goods.pop(name, None)
            elif dice < 0.5:
                self.goods[name] = {"name": name, "price": self.random.choice(PRICES)}
                if self.random.random() < 0.3:
                    self.goods[name]["note"] = "new"

    def result(self, claim: RunClaim) -> RunResult | None:
        """Return the result of a run, or None where the process dies before it has one."""
        kind = self.random.choice(["whole"] * 5 + ["partial", "failed", "not modified", "killed"])
        if kind == "killed":
            return None
        if kind == "failed":
            return failed_of(claim, target_of(status=RunStatus.FAILED, reason=Reason.TIMEOUT, mode=self.mode))
        return result_of(claim, self._target(kind))

    def _target(self, kind: str) -> TargetResult:
        if kind == "not modified":
            return target_of(reason=Reason.NOT_MODIFIED, mode=self.mode)
        if kind == "whole":
            return target_of(self._read(1.0), mode=self.mode)
        partly: dict[str, Any] = {"status": RunStatus.PARTIALLY_SUCCEEDED, "reason": Reason.TIMEOUT, "complete": False}
        return target_of(self._read(0.5), mode=self.mode, **partly)

    def _read(self, share: float) -> list[Item]:
        read = {name: dict(data) for name, data in self.goods.items() if self.random.random() < share}
        if share == 1.0 and self.mode is ItemMode.SNAPSHOT:
            self.expected = {name: data for name, data in self.expected.items() if name in read}
        for name, data in read.items():
            if name not in self.expected or _content(self.expected[name]) != _content(data):
                self.expected[name] = data
        return [Item.of(data, ["name"]) for data in read.values()]


def _content(data: dict[str, Any]) -> str:
    return Item.of(data).content_hash


def replay(rows: list[dict[str, Any]]) -> Goods:
    """Apply changes to nothing."""
    goods: Goods = {}
    for row in rows:
        key, before, after = row["key"], row["before"], row["after"]
        match row["change"]:
            case "NEW" | "BACK":
                assert key not in goods
                goods[key] = after
            case "GONE":
                assert goods.pop(key) == before
            case "CHANGED":
                assert before != after
                assert before.items() <= goods[key].items()
                left = {name: value for name, value in goods[key].items() if name not in before}
                goods[key] = left | after
            case other:
                raise AssertionError(other)
    return goods


async def test_replayed_changes_give_what_is_there(url: str) -> None:
    shops = [Shop(f"uid-{number:03}", number) for number in range(HISTORIES)]
    for number in range(RUNS):
        async with open_store(settings_for(url)) as store:  # a process of its own: nothing is remembered
            for half in (0, 0.5):
                await live_on(store, shops, number + half)
    async with open_store(settings_for(url)) as store:
        for shop in shops:
            await compare(store, shop)


async def live_on(store: SQLRunStore, shops: list[Shop], number: float) -> None:
    """Run all shops once; the ends of their runs share transactions."""
    claims = [claim_of(number, uid=shop.uid) for shop in shops]
    assert all(await asyncio.gather(*map(store.claim, claims)))
    results = []
    for shop, claim in zip(shops, claims, strict=True):
        shop.change()
        results.append(shop.result(claim))
    counts = await asyncio.gather(*(store.finish(result) for result in results if result is not None))
    assert None not in counts


async def compare(store: SQLRunStore, shop: Shop) -> None:
    def read(table: Any) -> Any:
        ours = select(table).where(table.c.schedule_uid == shop.uid).order_by(table.c.id)
        return store._database.read(lambda connection: [dict(row) for row in connection.execute(ours).mappings()])

    there = {row["key"]: row["data"] for row in await read(items) if row["gone_at"] is None}
    assert {data["name"]: data for data in there.values()} == shop.expected
    assert replay(await read(item_changes)) == there
