"""The composition root: Settings to App, closed by one AsyncExitStack."""

import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from scrape_operator.cluster.client import ClusterClient, open_client
from scrape_operator.cluster.events import ClusterEventPoster
from scrape_operator.extraction.workers import ExtractionPool
from scrape_operator.fetching.fetcher import open_fetcher
from scrape_operator.reporting.events import TransitionEvents
from scrape_operator.reporting.logs import RunLog
from scrape_operator.reporting.metrics import Metrics
from scrape_operator.reporting.observing import CompositeObserver
from scrape_operator.reporting.writer import StatusWriter
from scrape_operator.running.compiling import compile_schedule
from scrape_operator.running.leases import LeaseKeeper
from scrape_operator.running.pool import RunPool
from scrape_operator.running.retention import Retention
from scrape_operator.running.runner import Runner
from scrape_operator.running.target import ScrapingOrchestrator, TargetScraper
from scrape_operator.scheduling.registry import Registry
from scrape_operator.scheduling.scheduler import Scheduler
from scrape_operator.scheduling.skips import StoredSkipJournal
from scrape_operator.settings import Settings
from scrape_operator.storage.store import SQLRunStore, open_store

LAST_WRITES = timedelta(seconds=5)


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """Give the wall clock in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Give seconds that never jump."""
        return time.monotonic()
