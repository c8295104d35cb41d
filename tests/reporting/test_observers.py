import pytest

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.reporting.observers import CompositeObserver
from tests.support import builders as make


class Recorder:
    def __init__(self, *, fails: bool = False) -> None:
        self.heard: list[str] = []
        self._fails = fails

    def _hear(self, what: str) -> None:
        self.heard.append(what)
        if self._fails:
            raise RuntimeError("broken observer")

    def started(self, *_facts: object) -> None:
        self._hear("started")

    def finished(self, *_facts: object) -> None:
        self._hear("finished")

    def skipped(self, *_facts: object) -> None:
        self._hear("skipped")


def test_all_observers_hear_everything_though_one_of_them_fails(caplog: pytest.LogCaptureFixture) -> None:
    recorders = (Recorder(), Recorder(fails=True), Recorder())
    composite = CompositeObserver(*recorders)
    composite.started(make.plan(), make.claim(), 0.0)
    composite.finished(make.plan(), make.fine(), make.NOTHING, 1.0)
    composite.skipped(make.plan(), Reason.SKIPPED_OVERLAP, 0)
    assert {tuple(recorder.heard) for recorder in recorders} == {("started", "finished", "skipped")}
    assert [record.levelname for record in caplog.records] == ["ERROR"] * 3
