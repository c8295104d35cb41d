"""What earlier runs of targets left for the next ones: read from the database once, and kept for this process."""

from collections.abc import Sequence
from dataclasses import replace

from scrape_operator.core.errors import StoreUnavailable
from scrape_operator.core.ports import TargetMemoryReader
from scrape_operator.core.recent import Recent
from scrape_operator.core.runs.baseline import GoodRun
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.repeated_items import LastDocument
from scrape_operator.core.runs.run import TargetResult
from scrape_operator.core.runs.target_memory import NO_MEMORY, TRIAL, TargetMemory

MAX_REMEMBERED = 50_000
"""Targets. The one that ran least recently is dropped first, and read again when it runs."""

MAX_ORDER_BYTES = 16 * 2**20
"""Memory for the order of lists, 8 bytes for an item. The list that was read least recently is dropped first."""

_ENTRY_BYTES = 400

_Key = tuple[str, str, str]
"""UID, name and fingerprint of a target."""


class TargetMemories:
    """The memories of all targets. Without a reader, as for a single run of a file, nothing is known at first."""

    def __init__(self, reader: TargetMemoryReader | None = None) -> None:
        self._reader = reader
        self._known: Recent[_Key, TargetMemory] = Recent(MAX_REMEMBERED)
        self._listed: Recent[_Key, None] = Recent(MAX_REMEMBERED)
        self._orders: Recent[_Key, Sequence[int]] = Recent(MAX_ORDER_BYTES, _order_bytes)

    async def get(self, uid: str, target: str, fingerprint: str, *, is_conditional: bool = False) -> TargetMemory:
        """Return the memory of a target; nothing is known of it while the database is away.

        It is read anew for a conditional target: only the database knows which items were really stored.
        """
        key = (uid, target, fingerprint)
        memory = await self._get(key, is_conditional=is_conditional)
        return replace(memory, order=self._orders.get(key), is_listed=True) if key in self._listed else memory

    async def _get(self, key: _Key, *, is_conditional: bool) -> TargetMemory:
        if self._reader is None:
            return self._known.get(key, TRIAL)
        if is_conditional or key not in self._known:
            try:
                self._known[key] = await self._reader.load_target_memory(*key)
            except StoreUnavailable:
                return NO_MEMORY
        return self._known.get(key, NO_MEMORY)

    def update(
        self,
        uid: str,
        result: TargetResult,
        order: Sequence[int] | None = None,
        document: LastDocument | None = None,
    ) -> None:
        """Add the result of a run to what is usual. `order` are the items of a list that was read to its end."""
        key = (uid, result.target, result.fingerprint)
        if order is not None:
            self._listed[key] = None
            self._orders[key] = order
        if result.reason is Reason.SUCCEEDED:
            known = self._known.get(key, NO_MEMORY)
            baseline = known.baseline.with_run(GoodRun(len(result.items), result.found))
            self._known[key] = replace(known, baseline=baseline, document=document)


def _order_bytes(_key: _Key, order: Sequence[int]) -> int:
    return _ENTRY_BYTES + 8 * len(order)
