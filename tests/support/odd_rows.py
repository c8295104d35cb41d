"""Rows that have all that a row can have: what a reader, a server or a printer may lose on the way."""

from datetime import timedelta

from scrape_operator.core.runs.items import Item, ItemMode, JSONValue
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus
from scrape_operator.core.runs.slot import Due, Manual
from scrape_operator.storage.store import SQLRunStore
from tests.storage.values import claim_of, failed_of, minute, result_of, skip_of, target_of

DATA: dict[str, JSONValue] = {
    "name": 'Zoë, "漢字" \N{GRINNING FACE}\n<b>',
    "price": "12.50",
    "absent": None,
    "empty": "",
    "many": [1, 2**63, 2**70, -(2**65), 0.1, 1e300, True, None],
    "nested": {"b": {"a": [{}, [], {"deep": [[["x"]]]}]}, "a": 1},
}


def deep(levels: int) -> JSONValue:
    """Return lists within lists: more levels than orjson writes, and fewer than the contract refuses."""
    value: JSONValue = "bottom"
    for _ in range(levels):
        value = [value]
    return value


async def store_odd_rows(store: SQLRunStore) -> None:
    """Store runs of every outcome, items that are present and gone, and another schedule beside."""
    for number in range(2):
        claim = claim_of(number, owner="operator-1", policy="default/shop", missed=number)
        await store.claim(claim)
        main = target_of(
            [Item.of({**DATA, "sku": str(n)}, ["sku"]) for n in range(3 - number)],
            mode=ItemMode.SNAPSHOT,
            warnings=("„price“: 3 of 9 items", "a second\nwarning"),
            phases={"connect": 0.1, "read": 2.0},
            http_status=200, requests=3, bytes=2**40, pages=2, duration=0.125,
        )  # fmt: skip
        other = target_of([Item.of({"deep": deep(300), "n": number}, ["n"])], name="other")
        await store.finish(result_of(claim, main, other, seconds=5.000001))
    await store.skip(skip_of(2))
    whole = minute(3).replace(microsecond=0)
    failed = claim_of(3, slot=Manual('tøken, with="all"'), scheduled_for=whole, started_at=whole)
    await store.claim(failed)
    target = target_of(
        name="main", status=RunStatus.FAILED, reason=Reason.TIMEOUT, message="no answer — 30 s", breach="minItems"
    )
    await store.finish(failed_of(failed, target, target_of(name="good")))
    beside = claim_of(4, uid="uid-2", name="shop")
    await store.claim(beside)
    await store.finish(result_of(beside, target_of([Item.of({"sku": "z"}, ["sku"])], name="page")))
    late = claim_of(5, slot=Due(minute(5)), scheduled_for=minute(5) - timedelta(days=400))
    await store.claim(late)
