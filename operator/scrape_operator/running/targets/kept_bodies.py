"""The responses of one target that are kept for replay: compressed as they come, within a bound."""

import asyncio
from datetime import datetime

from scrape_operator.api.kinds.schedule import KeepBodies
from scrape_operator.core.net.documents import Response
from scrape_operator.core.runs.bodies import KeptBody
from scrape_operator.core.runs.run import RunStatus

MAX_KEPT_BYTES = 8 * 2**20
"""Compressed bytes of one target in one run."""


class KeptBodies:
    """Collects responses, and returns those that `keepBodies` keeps for an outcome."""

    def __init__(self, keep: KeepBodies = KeepBodies.NEVER) -> None:
        self._keep = keep
        self._bodies: list[KeptBody] = []
        self._bytes = 0

    @property
    def may_keep(self) -> bool:
        """Whether responses may be stored, whatever the outcome is."""
        return self._keep is not KeepBodies.NEVER

    async def add(self, page: int, response: Response, at: datetime, detail_of: str = "") -> bool:
        """Keep a page, or what `detail_of` names. Return False if it is beyond the bound and not kept."""
        if not self.may_keep:
            return True
        kept = await asyncio.to_thread(KeptBody.pack, page, response, at, detail_of)
        if self._bytes + len(kept.content) > MAX_KEPT_BYTES:
            return False
        self._bytes += len(kept.content)
        self._bodies.append(kept)
        return True

    def for_outcome(self, status: RunStatus) -> tuple[KeptBody, ...]:
        """Return what is stored with a result."""
        is_wanted = self._keep is KeepBodies.ALWAYS or status is not RunStatus.SUCCEEDED
        return tuple(self._bodies) if is_wanted else ()
