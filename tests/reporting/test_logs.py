"""Logs as machines and people read them, and what must never be in them."""

import asyncio
import io
import json
import logging
from typing import Any

import pytest

from scrape_operator.core.runs.items import ItemCounts
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus
from scrape_operator.core.runs.slot import Manual
from scrape_operator.reporting.logs import BATCH_SECONDS, configure
from scrape_operator.reporting.run_log import RunLog
from tests.support import builders as make
from tests.support import virtual_time

ID = "00000000-0000-0000-0000-000000000001"


class Stderr:
    """What went to stderr so far."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self._text = ""

    @property
    def text(self) -> str:
        self._text += self._capsys.readouterr().err
        return self._text

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def stderr(capsys: pytest.CaptureFixture[str]) -> Stderr:
    """Stderr, for a test that configures logging."""
    return Stderr(capsys)


def test_a_run_is_one_line_and_in_debug_two(stderr: Stderr) -> None:
    configure("json", "INFO")
    RunLog().started(make.plan(), make.claim(), 0.0)
    assert stderr.text == ""
    configure("json", "DEBUG")
    log = RunLog()
    log.started(make.plan(), make.claim(slot=Manual("t"), missed=2), 0.01234)
    log.finished(make.plan(), make.result(targets=[make.good("a", 4)]), ItemCounts(4, 1, 2, 0), 1.23456)
    started, ended = stderr.lines()
    assert started.pop("timestamp").endswith("Z")
    assert started == {
        "event": "run started", "level": "debug", "logger": "scrape_operator.runs", "schedule": "default/quotes",
        "run_id": ID, "trigger": "manual", "skew": 0.012, "missed": 2,
    }  # fmt: skip
    del ended["timestamp"]
    assert ended == {
        "event": "run ended", "level": "info", "logger": "scrape_operator.runs", "schedule": "default/quotes",
        "run_id": ID, "trigger": "scheduled", "status": "SUCCEEDED", "reason": "Succeeded", "duration": 1.235,
        "items": 4, "new": 1, "changed": 2, "gone": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "reason", "level", "event"),
    [
        pytest.param(RunStatus.FAILED, Reason.TIMEOUT, "warning", "run failed", id="failed"),
        pytest.param(RunStatus.FAILED, Reason.INTERNAL_ERROR, "error", "run failed", id="a defect of ours"),
        pytest.param(RunStatus.CANCELED, Reason.SHUTDOWN, "info", "run ended", id="canceled"),
        pytest.param(RunStatus.PARTIALLY_SUCCEEDED, Reason.TIMEOUT, "info", "run ended", id="in part"),
    ],
)
def test_a_run_is_logged_as_loud_as_it_ended(
    stderr: Stderr, status: RunStatus, reason: Reason, level: str, event: str
) -> None:
    configure("json", "INFO")
    RunLog().finished(make.plan(), make.result(status, reason, "target b: why"), make.NOTHING, 1.0)
    [line] = stderr.lines()
    assert (line["level"], line["event"], line["reason"], line["message"]) == (level, event, reason, "target b: why")


def test_a_skip_is_logged_with_its_reason(stderr: Stderr) -> None:
    configure("json", "INFO")
    RunLog().skipped(make.plan(), Reason.MISSED_DEADLINE, 3)
    [line] = stderr.lines()
    assert (line["event"], line["reason"], line["missed"]) == ("run skipped", "MissedDeadline", 3)


def test_runs_are_silent_above_info(stderr: Stderr) -> None:
    configure("json", "WARNING")
    RunLog().started(make.plan(), make.claim(), 0.0)
    assert stderr.text == ""


def test_a_message_stays_one_bounded_line(stderr: Stderr) -> None:
    configure("json", "INFO")
    run = make.result(RunStatus.FAILED, Reason.TIMEOUT, "a\nb\x1b[31m" + "x" * 100_000)
    RunLog().finished(make.plan(), run, make.NOTHING, 1.0)
    [line] = stderr.lines()
    assert line["message"].startswith("a b [31mxxx")
    assert len(stderr.text) < 2000


def test_the_standard_library_comes_out_in_the_same_form(stderr: Stderr) -> None:
    configure("json", "INFO")
    logging.getLogger("kopf.reactor").warning("%s is %d", "it", 1, extra={"k8s_ref": {"name": "a"}, "settings": "many"})
    [line] = stderr.lines()
    assert (line["event"], line["level"], line["logger"]) == ("it is 1", "warning", "kopf.reactor")
    assert line["k8s_ref"] == {"name": "a"}
    assert "settings" not in line


def test_a_traceback_shows_no_values(stderr: Stderr) -> None:
    def fail(password: str) -> None:
        raise ValueError(f"a password of {len(password)} characters")

    for log_format in ("json", "console"):
        configure(log_format, "INFO")
        try:
            fail(f"hunter{2}")  # the source line is shown, the value is not
        except ValueError:
            logging.getLogger("scrape_operator").exception("broken")
    assert stderr.text.count("ValueError: a password of 7 characters") == 2
    assert "hunter2" not in stderr.text


@pytest.mark.parametrize(
    "name",
    ["kopf", "aiohttp.access", "alembic", "asyncio", "httpx", "kubernetes", "opentelemetry", "sqlalchemy", "urllib3"],
)
def test_libraries_that_tell_too_much_stay_quiet_even_in_debug(stderr: Stderr, name: str) -> None:
    configure("json", "DEBUG")
    logging.getLogger(f"{name}.inner").info("GET https://example.org/?token=secret")
    logging.getLogger(name).warning("trouble")
    assert [line["event"] for line in stderr.lines()] == ["trouble"]


@pytest.mark.parametrize(
    "field",
    [
        pytest.param({"field": "\ud800"}, id="a lone surrogate"),
        pytest.param({"field": 2**80}, id="a huge integer"),
        pytest.param({"field": object}, id="any object"),
        pytest.param({"field": {1: {2}}}, id="a set under a number"),
    ],
)
def test_no_value_breaks_the_log(stderr: Stderr, field: dict[str, object]) -> None:
    configure("json", "INFO")
    logging.getLogger("scrape_operator.x").info("hello", extra=field)
    [line] = stderr.lines()
    assert line["event"] in {"hello", "'hello'"}


def test_people_get_text(stderr: Stderr) -> None:
    configure("console", "INFO")
    RunLog().finished(make.plan(), make.broken(), make.NOTHING, 1.0)
    logging.getLogger("scrape_operator").info(
        "a line", extra={"text": "with\n breaks", "empty": "", "city": "Z\u00fcrich"}
    )
    first, second = stderr.text.splitlines()
    assert "warning run failed schedule=default/quotes" in first
    assert "message='target b: 500 from the site'" in first
    assert second.endswith("a line text='with\\\\n breaks' empty='' city=Z\u00fcrich")


def test_the_warning_that_kopf_runs_in_a_thread_is_left_out(stderr: Stderr) -> None:
    configure("json", "INFO")
    logger = logging.getLogger("kopf._core.reactor.running")
    logger.warning("OS signals are ignored: running not in the main thread.")
    logger.warning("something else")
    assert [line["event"] for line in stderr.lines()] == ["something else"]


def test_lines_of_the_event_loop_are_written_together_and_warnings_at_once(stderr: Stderr) -> None:
    async def main() -> None:
        configure("json", "INFO")
        logger = logging.getLogger("scrape_operator")
        logger.info("one")
        logger.info("two")
        assert stderr.text == ""
        await asyncio.sleep(BATCH_SECONDS)
        assert [line["event"] for line in stderr.lines()] == ["one", "two"]
        logger.info("three")
        logger.warning("four")
        assert [line["event"] for line in stderr.lines()] == ["one", "two", "three", "four"]

    virtual_time.run_virtual(main())


def test_a_line_whose_arguments_do_not_fit_is_no_fault(stderr: Stderr) -> None:
    configure("json", "INFO")
    logging.getLogger("scrape_operator").info("%d", "no number")
    logging.getLogger("scrape_operator").info("next")
    assert "next" in stderr.text


@pytest.mark.parametrize("fault", [OSError("no space left"), ValueError("I/O operation on closed file")])
def test_a_stderr_that_takes_nothing_disturbs_nobody(
    stderr: Stderr, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    class Broken(io.StringIO):
        def write(self, text: str) -> int:
            raise fault

    configure("json", "INFO")
    [handler] = logging.getLogger().handlers
    monkeypatch.setattr(handler, "stream", Broken())
    logging.getLogger("scrape_operator").error("lost")
    monkeypatch.undo()
    logging.getLogger("scrape_operator").error("written")
    assert [line["event"] for line in stderr.lines()] == ["written"]
