"""What earlier runs of targets left for the next ones: read from the database once, and kept for this process."""

from collections import OrderedDict
from dataclasses import replace

from scrape_operator.core.errors import StoreUnavailable
from scrape_operator.core.ports import TargetMemoryReader
from scrape_operator.core.runs.baseline import GoodRun
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunClaim, TargetResult
from scrape_operator.core.runs.target_memory import NO_MEMORY, TargetMemory

MAX_REMEMBERED = 50_000
"""Targets. The one that ran least recently is dropped first, and read again when it runs."""

_Key = tuple[str, str, int]


class TargetMemories:
    """The memories of all targets. Without a reader, as for a single run of a file, nothing is known at first."""

    def __init__(self, reader: TargetMemoryReader | None = None) -> None:
        self._reader = reader
        self._known: OrderedDict[_Key, TargetMemory] = OrderedDict()

    async def get(self, claim: RunClaim, target: str, *, is_conditional: bool = False) -> TargetMemory:
        """Return the memory of a target; nothing is known of it while the database is away.

        It is read anew for a conditional target: only the database knows which items were really stored.
        """
        key = (claim.schedule_uid, target, claim.generation)
        if self._reader is not None and (is_conditional or key not in self._known):
            try:
                self._keep(key, await self._reader.load_target_memory(*key))
            except StoreUnavailable:
                return NO_MEMORY
        return self._known.get(key, NO_MEMORY)

    def update(self, claim: RunClaim, result: TargetResult) -> None:
        """Add the result of a run to what is usual."""
        if result.reason is Reason.SUCCEEDED:
            key = (claim.schedule_uid, result.target, claim.generation)
            known = self._known.get(key, NO_MEMORY)
            self._keep(key, replace(known, baseline=known.baseline.with_run(GoodRun(len(result.items), result.found))))

    def _keep(self, key: _Key, memory: TargetMemory) -> None:
        self._known[key] = memory
        self._known.move_to_end(key)
        if len(self._known) > MAX_REMEMBERED:
            self._known.popitem(last=False)
