"""Logs of the process, of kopf and of other libraries in one form: one line is one event with fields.

Texts of requests and responses, headers and URLs are never logged here.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from datetime import UTC, datetime
from typing import Literal, TextIO

import orjson

from scrape_operator.core.times import rfc3339

LogFormat = Literal["json", "console"]

BATCH_SECONDS = 0.1

OURS = "scrape_operator"

FOREIGN_FIELDS = frozenset({"k8s_ref"})
"""Which fields of other libraries' records are shown: kopf adds all of its settings to each."""

USELESS = ("OS signals are ignored",)
"""How warnings begin that say nothing: kopf runs in a thread, and the process handles its signals."""

_STANDARD_FIELDS = frozenset(vars(logging.LogRecord("", 0, "", 0, "", None, None))) | {
    "message",
    "asctime",
    "taskName",
    "hide",
}


def configure(log_format: LogFormat, level: str) -> None:
    """Send all logs of the process to stderr, as JSON for machines or as text for people.

    `level` is that of our own. Libraries log warnings and worse, never less: kopf logs a line for each event of each
    object, httpx each URL, kubernetes the bodies of Secrets, sqlalchemy the parameters of statements.
    """
    handler = BatchingHandler()
    handler.setFormatter(ConsoleFormatter() if log_format == "console" else JsonFormatter())
    handler.addFilter(is_useful)
    level_of_libraries = max(logging.WARNING, logging.getLevelNamesMapping()[level])
    logging.basicConfig(handlers=[handler], level=level_of_libraries, force=True)
    logging.getLogger(OURS).setLevel(level)


def is_useful(record: logging.LogRecord) -> bool:
    """Return whether a record is worth a line."""
    return not str(record.msg).startswith(USELESS)


class JsonFormatter(logging.Formatter):
    """Renders a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        at = rfc3339(datetime.fromtimestamp(record.created, UTC), "microseconds")
        event: dict[str, object] = {
            "event": record.getMessage(),
            "logger": record.name,
            "level": record.levelname.lower(),
            "timestamp": at,
            **fields_of(record),
        }
        if record.exc_info:
            event["exception"] = traceback_of(self, record)
        return to_json(event)


class ConsoleFormatter(logging.Formatter):
    """Renders a record as text: time, level, event, fields, and the traceback on lines of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of one record."""
        at = f"{datetime.fromtimestamp(record.created, UTC):%H:%M:%S.%f}"[:-3]
        pairs = "".join(f" {name}={_quoted(value)}" for name, value in fields_of(record).items())
        text = f"{at} {record.levelname.lower():<7} {record.getMessage()}{pairs}"
        return f"{text}\n{traceback_of(self, record)}" if record.exc_info else text


def traceback_of(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    """Return the traceback of a record, without the values of local variables: they may be secrets.

    The extra `hide` is a function that removes secrets from the text.
    """
    text = formatter.formatException(record.exc_info) if record.exc_info else ""
    hide: Callable[[str], str] = getattr(record, "hide", str)
    return hide(text)


def _quoted(value: object) -> str:
    text = str(value)
    clean = text if text.isprintable() else text.encode("unicode_escape").decode()
    return repr(clean) if " " in clean or not clean else clean


def fields_of(record: logging.LogRecord) -> Mapping[str, object]:
    """Return the fields that were logged with a record: those of its extra `fields`, or else all extras."""
    fields = getattr(record, "fields", None)
    if isinstance(fields, Mapping):
        return fields
    is_ours = record.name.split(".", 1)[0] == OURS
    return {
        name: value
        for name, value in vars(record).items()
        if name not in _STANDARD_FIELDS and (is_ours or name in FOREIGN_FIELDS)
    }


def to_json(event: Mapping[str, object]) -> str:
    """Return an event as JSON, whatever its values are."""
    option = orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z
    try:
        return orjson.dumps(event, default=str, option=option).decode()
    except TypeError:  # lone surrogates, or integers beyond 64 bits
        return orjson.dumps(
            {name: repr(value).encode("utf-8", "replace").decode() for name, value in event.items()}
        ).decode()


class BatchingHandler(logging.StreamHandler[TextIO]):
    """Writes the lines of the event loop's thread a few times a second, and a warning or worse at once.

    A write hands the interpreter to a waiting thread: with a line for each run, that costs more than the line.
    """

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Take one line."""
        try:
            line = self.format(record) + self.terminator
        except (TypeError, ValueError, KeyError):  # the arguments do not fit the message
            self.handleError(record)
            return
        self._lines.append(line)
        can_wait = record.levelno < logging.WARNING and threading.current_thread() is threading.main_thread()
        is_first = len(self._lines) == 1
        if not can_wait or (is_first and not self._flush_later()):
            self.flush()

    def _flush_later(self) -> bool:
        """Return whether a loop runs that will flush soon."""
        try:
            asyncio.get_running_loop().call_later(BATCH_SECONDS, self.flush)
        except RuntimeError:  # no loop runs yet, or any more
            return False
        return True

    def flush(self) -> None:
        """Write what waits. Where stderr is closed or full, the lines are lost, and nothing else."""
        with self.lock or nullcontext(), suppress(OSError, ValueError):
            text = "".join(self._lines)
            self._lines.clear()
            if text:
                self.stream.write(text)
            self.stream.flush()
