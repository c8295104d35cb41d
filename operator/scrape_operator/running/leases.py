"""Renews the leases of this process's runs, and ends the rows of runs whose leases are not renewed any more."""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta

from scrape_operator.core.errors import StoreUnavailable
from scrape_operator.core.ports import Clock, RunStore
from scrape_operator.core.runs.leases import LeaseWatch
from scrape_operator.core.runs.run import RunSummary
from scrape_operator.core.schedule.plan import ObjectKey
from scrape_operator.running.pool import RunPool

logger = logging.getLogger(__name__)

RENEWALS_PER_LEASE = 3


class LeaseKeeper:
    """Renews its own leases before it reaps others: its runs must outlive an outage of the database."""

    def __init__(
        self,
        pool: RunPool,
        store: RunStore,
        clock: Clock,
        *,
        owner: str,
        lease: timedelta,
        on_orphan: Callable[[ObjectKey, RunSummary], None],
    ) -> None:
        self._pool = pool
        self._store = store
        self._clock = clock
        self._owner = owner
        self._lease = lease
        self._on_orphan = on_orphan
        self._watch = LeaseWatch(lease)

    async def run(self) -> None:
        """Renew and reap, for ever."""
        while True:
            try:
                await self.beat()
            except StoreUnavailable as error:
                logger.warning("leases could not be renewed: %s", error)
            except Exception:
                logger.exception("leases could not be renewed")
            await asyncio.sleep(self._lease.total_seconds() / RENEWALS_PER_LEASE)

    async def beat(self) -> None:
        """Renew and reap once. Raises StoreUnavailable."""
        runs = self._pool.claimed_runs()
        if runs:
            await self._store.renew(self._owner, runs, self._clock.now() + self._lease)
        expired = self._watch.expired(await self._store.leases(), self._clock.monotonic())
        ours = set(self._pool.claimed_runs())
        orphans = [lease for lease in expired if lease.run_id not in ours]
        if not orphans:
            return
        for key, summary in await self._store.reap(orphans, self._clock.now()):
            logger.warning("run %s of %s was orphaned and is ended", summary.id, key)
            self._on_orphan(key, summary)
