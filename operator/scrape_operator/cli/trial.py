"""Runs schedules of files once for `test`. Nothing is written to a database."""

import mimetypes
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scrape_operator.cli.manifests import read_all_inputs
from scrape_operator.clock import SystemClock
from scrape_operator.core.errors import InvalidValue
from scrape_operator.fetching.fetcher import HttpFetcher
from scrape_operator.fetching.saved import open_saved_fetcher
from scrape_operator.local.objects import absence
from scrape_operator.local.plans import plans_of
from scrape_operator.local.secrets import FileSecrets, secrets_of
from scrape_operator.local.trial import Tried, try_plans, try_schedule, with_url
from scrape_operator.running.opening import open_runner
from scrape_operator.settings import Settings

CONTENT_TYPES = {".ndjson": "application/x-ndjson", ".jsonl": "application/x-ndjson", ".rss": "application/rss+xml"}


@dataclass(frozen=True, slots=True)
class Trial:
    """What to run: files, and what replaces the address or the answer of their first HTTP target."""

    files: Sequence[Path]
    url: str | None = None
    body: Path | None = None


async def run_trial(settings: Settings, trial: Trial) -> list[Tried]:
    """Run every schedule of the files once.

    Raises:
        InvalidValue: The files have no ScrapeSchedule or two objects of one name, or one cannot be read.

    """
    inputs = read_all_inputs(trial.files)
    objects = inputs.objects if trial.url is None else [with_url(obj, trial.url) for obj in inputs.objects]
    plans = list(plans_of(objects, settings))
    if not plans:
        raise InvalidValue(absence(trial.files, is_empty=inputs.is_empty))
    if trial.body is None:
        return await try_plans(settings, plans, FileSecrets(secrets_of(objects)))
    clock = SystemClock()
    async with _saved_fetcher(settings, trial.body) as fetcher, open_runner(fetcher, clock) as runner:
        return [Tried(await try_schedule(runner, plan, clock, clock.now())) for plan in plans]


async def run_objects(settings: Settings, objects: Sequence[Mapping[str, Any]]) -> list[Tried]:
    """Run every schedule among some objects once, such as one that the API server gave, with the Secrets among them."""
    secrets = secrets_of(objects)
    return await try_plans(settings, list(plans_of(objects, settings)), FileSecrets(secrets) if secrets else None)


def _saved_fetcher(settings: Settings, body: Path) -> AbstractAsyncContextManager[HttpFetcher]:
    suffix = body.suffix.lower()
    content_type = CONTENT_TYPES.get(suffix) or mimetypes.types_map.get(suffix)
    try:
        return open_saved_fetcher(settings, body.read_bytes(), content_type)
    except OSError as error:
        raise InvalidValue(f"--body {body}: {error.strerror}") from error
