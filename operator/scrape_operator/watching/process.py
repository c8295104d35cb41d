"""Runs the process: start, watch and run until a signal comes, drain, exit. `cli` calls this."""

import asyncio
import gc
import logging
import signal
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any

from pydantic import SecretStr

from scrape_operator import __version__
from scrape_operator.api.kinds.registry import CLUSTER_SCRAPE_POLICY, SCRAPE_POLICY, SCRAPE_SCHEDULE, Kind
from scrape_operator.cluster.credentials import read_credentials
from scrape_operator.core.errors import StoreUnavailable
from scrape_operator.reporting.logs import configure
from scrape_operator.serving.server import serve
from scrape_operator.settings import Settings
from scrape_operator.storage.errors import StoreLocked
from scrape_operator.watching.bridge import WatchThread
from scrape_operator.watching.handlers import Handlers, ScheduleHandler
from scrape_operator.watching.interpreter import configure_interpreter
from scrape_operator.watching.monitor import WatchMonitor
from scrape_operator.watching.policies import PolicyHandler
from scrape_operator.watching.recompiling import Recompiler
from scrape_operator.watching.reconciling import Reconciler
from scrape_operator.wiring import App, open_app

logger = logging.getLogger(__name__)

STORE_PAUSE_SECONDS = 1.0
STORE_SILENCE_SECONDS = 10.0
"""Not ready after the database did not answer for so long."""

STOPPED_FIRST = frozenset({"scheduler", "missing Secrets", "watch monitor", "recompiler", "retention"})
"""The tasks that begin something new."""


def run_process(settings: Settings) -> int:
    """Run the operator until SIGTERM or SIGINT; return the exit code."""
    configure(settings.log_format, settings.log_level)
    configure_interpreter()
    return asyncio.run(_run(settings))


async def _run(settings: Settings) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_app(settings) as app:
        return await Process(app, stop).run()


class Process:
    """One run of the operator, from the first probe to the last row."""

    def __init__(self, app: App, stop: asyncio.Event) -> None:
        self._app = app
        self._stop = stop
        self._tasks: list[asyncio.Task[None]] = []
        self._database: list[str] = []
        self._dead: list[str] = []
        self._exit_code = 0
        settings = app.engine.settings
        schedules = ScheduleHandler(app.engine.registry, app.engine.scheduler)
        self._handlers: Handlers = {
            CLUSTER_SCRAPE_POLICY: PolicyHandler(CLUSTER_SCRAPE_POLICY, app.policies),
            SCRAPE_POLICY: PolicyHandler(SCRAPE_POLICY, app.policies),
            SCRAPE_SCHEDULE: schedules,  # the last one, since plans are compiled under the policies
        }
        self._watch = WatchThread(self._handlers, settings.namespaces, read_credentials, self._on_event)
        reconciler = Reconciler(app.objects, settings.namespaces, self._handlers)
        self._monitor = WatchMonitor(
            reconciler,
            app.objects,
            tuple(self._handlers),
            settings.namespaces,
            self._watch,
            reconcile_seconds=settings.reconcile_seconds,
            last_written_at=lambda: app.writer.last_written_at,
        )
        self._recompiler = Recompiler(reconciler, schedules)
        app.policies.on_changed = self._recompiler.request
        app.metrics.bind_watch(self._monitor.measurements)

    async def run(self) -> int:
        """Run until a signal comes, or a part fails for good; return 0 after an orderly end."""
        settings = self._app.engine.settings
        async with serve(
            settings.listen_host,
            settings.listen_port,
            live=lambda: self._dead,
            ready=self._problems,
            metrics=self._app.metrics.render,
        ) as port:
            logger.info("started", extra=start_facts(settings, port))
            await self._until_stopped(self._begin())
            await self._stop.wait()
            logger.info("stopping", extra={"grace_seconds": settings.shutdown_grace_seconds})
            await self._end()
        logger.info("stopped")
        return self._exit_code

    def _problems(self) -> Sequence[str]:
        """Return why the process is not ready, one line each."""
        return [*self._dead, *self._database, *self._monitor.problems()]

    async def _until_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        """Do the work, unless a stop comes first."""
        task, stop = asyncio.create_task(work), asyncio.create_task(self._stop.wait())
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if task.done():
            task.result()
        else:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _begin(self) -> None:
        """Load the states, list the objects, then run."""
        await self._load_states()
        for name, run in self._app.tasks():
            self._supervise(name, run)
        self._supervise("store probe", self._probe_store)
        self._supervise("watch monitor", self._monitor.run)
        await self._monitor.primed.wait()
        self._recompiler.forget()
        self._supervise("recompiler", self._recompiler.run)
        self._watch.start()
        for name, run in self._app.engine.starting_tasks():
            self._supervise(name, run)
        gc.collect()
        gc.freeze()  # what lasts as long as the process need not be walked by every full collection

    async def _load_states(self) -> None:
        """Load the states and what was spent today. Without them no due time is known to be new, so wait for them."""
        while True:
            try:
                states = await self._app.engine.store.load_states(self._app.engine.settings.namespaces)
                await self._app.engine.day_budgets.load()
            except StoreUnavailable as error:
                self._database = [f"database: {error}"]
                logger.warning("database is away", extra={"error": str(error)})
                await asyncio.sleep(STORE_PAUSE_SECONDS)
            else:
                self._database = []
                self._app.engine.registry.add_states(states)
                return

    def _supervise(self, name: str, run: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Start a part that must not end: where it does, the process is not alive, and ends."""
        task = asyncio.create_task(run(), name=name)
        task.add_done_callback(self._on_end)
        self._tasks.append(task)

    def _on_end(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or self._stop.is_set():
            return
        self._dead = [*self._dead, f"{task.get_name()} has ended"]
        self._exit_code = 2 if isinstance(task.exception(), StoreLocked) else 1
        logger.error("task has ended, so the process ends", extra={"task": task.get_name()}, exc_info=task.exception())
        self._stop.set()

    async def _probe_store(self) -> None:
        """Keep readiness true to the database: it turns false where that is away, liveness does not."""
        loop = asyncio.get_running_loop()
        answered = loop.time()
        while True:
            try:
                await self._app.engine.store.ping()
            except StoreUnavailable as error:
                if loop.time() - answered > STORE_SILENCE_SECONDS:
                    self._database = [f"database: {error}"]
            else:
                answered = loop.time()
                self._database = []
            await asyncio.sleep(STORE_PAUSE_SECONDS)

    def _on_event(self, kind: Kind, event_type: str | None, obj: Mapping[str, Any]) -> None:
        """Handle one event of the watch; a defect in handling it must not end the watch."""
        if self._stop.is_set():
            return
        handler = self._handlers[kind]
        try:
            if event_type == "DELETED":
                handler.removed(obj["metadata"]["uid"])
            else:
                handler.applied(obj)
        except Exception:
            logger.exception("event could not be handled", extra={"kind": kind.kind})

    async def _end(self) -> None:
        """Stop claiming, drain, and write the last statuses; the watch is stopped meanwhile."""
        await cancel([task for task in self._tasks if task.get_name() in STOPPED_FIRST])
        stopping = asyncio.create_task(self._watch.stop())
        await self._app.drain()
        await cancel(self._tasks)
        await stopping


def start_facts(settings: Settings, port: int) -> Mapping[str, object]:
    """Return what the first log line says: which build runs where, on what, and within which limits."""
    return {
        "version": __version__,
        "replica": settings.identity,
        "port": port,
        "database": "SQLite" if settings.database_url is None else database_kind(settings.database_url),
        "namespaces": ",".join(settings.namespaces) or "all",
        "max_concurrent_runs": settings.max_concurrent_runs,
        "host_max_concurrent": settings.host_max_concurrent,
        "status_writes_per_second": settings.status_writes_per_second,
    }


def database_kind(url: SecretStr) -> str:
    """Return the kind of a database by the scheme of its URL."""
    return "PostgreSQL" if url.get_secret_value().startswith("postgres") else "SQLite"


async def cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel tasks and wait for their end."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
