"""Runs the process of the results API."""

import asyncio
import logging
import resource
import signal
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from scrape_operator import __version__
from scrape_operator.cluster.client import ClusterClient
from scrape_operator.core.ports import Clock
from scrape_operator.core.results import ResultReader
from scrape_operator.results.feed import ChangeFeed
from scrape_operator.results.handlers import ResultsHandlers
from scrape_operator.results.security import Security
from scrape_operator.results.server import listen
from scrape_operator.settings import Settings
from scrape_operator.storage.reading.results import open_results

logger = logging.getLogger(__name__)


def run_results(settings: Settings, clock: Clock) -> None:
    """Serve until SIGTERM or SIGINT."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # each watch is a connection
    asyncio.run(_run(settings, clock))


async def serve_results(settings: Settings, client: ClusterClient, reader: ResultReader, clock: Clock) -> None:
    """Serve until this task is canceled: watches end cleanly then.

    Raises:
        InvalidSettings: The port cannot be used, or the settings name no Service.

    """
    service, directory = settings.results_service, settings.results_api_certificate_dir
    security = Security(client, clock, service=service, certificate_dir=directory)
    try:
        async with asyncio.TaskGroup() as group:
            parts = [group.create_task(run(), name=part) for part, run in security.tasks().items()]
            try:
                await security.wait_until_ready()  # the API server would count a refused handshake as an outage
                await _serve(settings, security, reader, clock)
            finally:
                for part in parts:
                    part.cancel()
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from errors


async def _serve(settings: Settings, security: Security, reader: ResultReader, clock: Clock) -> None:
    """Listen until this task is canceled."""
    feed = ChangeFeed(reader)
    handlers = ResultsHandlers(reader, feed, security.front_proxy, security.authorizer, clock.now)
    application, port = handlers.application(), settings.results_api_port
    async with listen(application, settings.listen_host, port, security.context, feed.close) as bound:
        logger.info("results API serves", extra={"port": bound, "service": settings.results_api_service})
        await feed.run()


async def _run(settings: Settings, clock: Clock) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    logger.info("started", extra={"version": __version__, "database": settings.database_name})
    async with ClusterClient() as client, open_results(settings) as reader:
        await _until(stop, serve_results(settings, client, reader, clock))
    logger.info("stopped")


async def _until(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Do the work until the stop, and return when it has ended."""
    task, stopped = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
