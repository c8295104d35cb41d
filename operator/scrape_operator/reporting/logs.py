"""Logs: structlog over the standard library, so that kopf and other libraries come out in the same form.

One line is one event with fields. Request and response texts, headers and URLs are never logged here.
"""

import asyncio
import logging
import logging.config
import threading
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any, Literal

import orjson
import structlog
from structlog.typing import EventDict, Processor

from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunClaim, RunResult, RunStatus, clip
from scrape_operator.core.schedule.plan import SchedulePlan
from scrape_operator.core.times import rfc3339

LogFormat = Literal["json", "console"]

MESSAGE_MAX_BYTES = 1024
BATCH_SECONDS = 0.1

# These tell at INFO or DEBUG what must not be told, or tell it too often: kopf a line for each event of
# each object, httpx each URL, kubernetes the bodies of Secrets, sqlalchemy the parameters of statements.
QUIET = (
    "kopf",
    "aiohttp.access",
    "alembic",
    "asyncio",
    "hpack",
    "httpcore",
    "httpx",
    "kubernetes",
    "sqlalchemy",
    "urllib3",
)

# Which fields of other libraries' records are shown: kopf adds all of its settings to each.
FOREIGN_FIELDS = ("k8s_ref",)


def configure(log_format: LogFormat, level: str) -> None:
    """Send all logs of the process to stderr, as JSON for machines or as text for people."""
    shared: list[Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    formatter = {
        "()": Formatter,
        "foreign_pre_chain": [structlog.stdlib.ExtraAdder(FOREIGN_FIELDS), *shared],
        "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(log_format)],
    }
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"structured": formatter},
            "handlers": {"stderr": {"()": BatchingHandler, "formatter": "structured"}},
            "loggers": {name: {"level": "WARNING"} for name in QUIET},
            "root": {"level": level, "handlers": ["stderr"]},
        }
    )


def _rendering(log_format: LogFormat) -> list[Processor]:
    # Tracebacks without the values of local variables: those may be secrets.
    if log_format == "console":
        return [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=_to_json)]


def _to_json(event: EventDict, **_: Any) -> str:
    option = orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z
    try:
        return orjson.dumps(event, default=str, option=option).decode()
    except TypeError:  # lone surrogates, or integers beyond 64 bits
        plain = {str(name): repr(value) for name, value in event.items()}
        return orjson.dumps({k: v.encode("utf-8", "replace").decode() for k, v in plain.items()}).decode()


class BatchingHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes what the event loop's thread says a few times a second, and at once what is a warning or worse.

    A write gives the interpreter to whoever waits for it: with two lines for each run, that costs more than the lines.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Take one line."""
        try:
            self._lines.append(self.format(record) + self.terminator)
            patient = record.levelno < logging.WARNING and threading.current_thread() is threading.main_thread()
            if not patient:
                self.flush()
            elif len(self._lines) == 1:
                asyncio.get_running_loop().call_later(BATCH_SECONDS, self.flush)
        except RuntimeError:  # no loop runs yet, or any more
            self.flush()
        except Exception:  # noqa: BLE001 -- as every handler of the standard library does
            self.handleError(record)

    def flush(self) -> None:
        """Write what waits."""
        with self.lock or nullcontext():
            if self._lines:
                self.stream.write("".join(self._lines))
                self._lines.clear()
        super().flush()


class Formatter(structlog.stdlib.ProcessorFormatter):
    """Renders a record that brings its `fields` in one step, all others as structlog does.

    Two lines for each run would otherwise cost a quarter of the run.
    """

    def __init__(self, *, processors: Sequence[Processor], **options: Any) -> None:
        super().__init__(processors=processors, **options)
        self._render = processors[-1]  # those before it are about what only `super().format` puts in

    def format(self, record: logging.LogRecord) -> str:
        """Render one record as one line, plus the lines of its traceback on the console."""
        fields = getattr(record, "fields", None)
        if fields is None:
            return super().format(record)
        at = rfc3339(datetime.fromtimestamp(record.created, UTC), "microseconds")
        event = {"event": record.msg, "logger": record.name, "level": record.levelname.lower(), "timestamp": at}
        return str(self._render(None, "", event | fields))


class RunLog:
    """The `RunObserver` that logs: a run's start and end at INFO, a failed run at WARNING, our defects at ERROR."""

    def __init__(self) -> None:
        self._logger = logging.getLogger("scrape_operator.runs")

    def started(self, plan: SchedulePlan, claim: RunClaim, skew: float) -> None:
        """Log that a run was claimed."""
        if self._logger.isEnabledFor(logging.INFO):
            fields = _identity(plan, claim)
            fields["skew"] = round(skew, 3)
            fields["missed"] = claim.missed
            self._emit(logging.INFO, "run started", fields)

    def finished(self, plan: SchedulePlan, result: RunResult, counts: ItemCounts, duration: float) -> None:
        """Log how a run ended."""
        level = _level(result)
        if not self._logger.isEnabledFor(level):
            return
        fields = _identity(plan, result.claim)
        fields["status"] = result.status.value
        fields["reason"] = result.reason.value
        fields["duration"] = round(duration, 3)
        fields["items"] = sum(len(target.items) for target in result.targets)
        fields |= {"new": counts.new, "changed": counts.changed, "gone": counts.gone}
        if result.message:
            fields["message"] = clip(result.message, MESSAGE_MAX_BYTES)
        self._emit(level, "run failed" if result.status is RunStatus.FAILED else "run ended", fields)

    def skipped(self, plan: SchedulePlan, reason: Reason, missed: int) -> None:
        """Log that a due time was not run."""
        if self._logger.isEnabledFor(logging.INFO):
            fields = {"schedule": str(plan.key), "reason": reason.value, "missed": missed}
            self._emit(logging.INFO, "run skipped", fields)

    def _emit(self, level: int, event: str, fields: Mapping[str, object]) -> None:
        """Hand over a record without looking for its place in the source, which costs more than all the rest."""
        record = logging.LogRecord(self._logger.name, level, "", 0, event, None, None)
        record.fields = fields
        self._logger.handle(record)


def _identity(plan: SchedulePlan, claim: RunClaim) -> dict[str, object]:
    return {"schedule": str(plan.key), "run_id": str(claim.id), "trigger": claim.trigger.value}


def _level(result: RunResult) -> int:
    if result.reason is Reason.INTERNAL_ERROR:
        return logging.ERROR
    return logging.WARNING if result.status is RunStatus.FAILED else logging.INFO
