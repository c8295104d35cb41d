"""Finds the run of one request among the runs that the status of a ScrapeSchedule shows.

The status has no tokens of runs. It has `lastHandledRequest`, the active runs, and the lines of the history.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import Trigger
from scrape_operator.scheduling.requests import REQUEST_ANNOTATION

_TRIGGER_WORD, _OUTCOME_WORD = 1, 2
"""Where a line of status.history has them; a run that found nothing new is `Succeeded reason=NotModified`."""


class RequestedRun:
    """A run that was asked for. It is given each version of the object that is read, until it has ended.

    Args:
        token: The token of the request.
        before: The object as it was before the request.

    """

    def __init__(self, token: str, before: Mapping[str, Any]) -> None:
        self.token = token
        self._run_id: str | None = None
        self._earlier_requests = _requests_in(before)
        self._later_requests: set[str] = set()
        self._others = _active_runs(before).keys() | _finished_runs(before).keys()
        self._seen_unhandled: set[str] = set()

    def line_in(self, obj: Mapping[str, Any]) -> str | None:
        """Return the history line of the run, or None while it has not ended."""
        if self._run_id is None:
            self._run_id = self._identify(obj)
        return None if self._run_id is None else _finished_runs(obj).get(self._run_id)

    def _identify(self, obj: Mapping[str, Any]) -> str | None:
        """Return the ID of the run, or None while the object does not show which one it is."""
        self._later_requests |= _requests_in(obj) - self._earlier_requests - {self.token}
        handled, started = _status(obj).get("lastHandledRequest"), self._started(obj)
        if handled == self.token:
            # Runs that were there before the request was handled are others. Of the rest, the latest is the one.
            return max(started.keys() - self._seen_unhandled, key=started.__getitem__, default=None)
        self._seen_unhandled |= started.keys()
        if handled not in self._later_requests or _has_waiting_run(obj):
            return None
        # A later request was handled before a status with this one was read. Then the oldest new run is the one, if
        # there are more of them than later requests. A waiting run may be the one, and then is handled later.
        return min(started, key=started.__getitem__) if len(started) > len(self._later_requests) else None

    def _started(self, obj: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
        """Return the new manual runs that have started or ended, by their IDs, and what to sort them by.

        That is the time that the status shows for a run and, within the same second, its ID.
        """
        times = {run_id: time for run_id, time in _active_runs(obj).items() if time}
        times |= {run_id: line.partition(" ")[0] for run_id, line in _finished_runs(obj).items()}
        return {run_id: (time, run_id) for run_id, time in times.items() if run_id not in self._others}


def has_succeeded(line: str) -> bool:
    """Return whether a history line is that of a run that succeeded, also one that found nothing new."""
    return _word(line, _OUTCOME_WORD) == Reason.SUCCEEDED


def run_id_of(line: str) -> str:
    """Return the ID of the run of a history line."""
    return line.partition(" run=")[2].partition(" ")[0]


def _finished_runs(obj: Mapping[str, Any]) -> dict[str, str]:
    """Return the history lines of the manual runs of an object, by the ID of the run."""
    lines: Sequence[str] = _status(obj).get("history") or ()
    return {run_id_of(line): line for line in lines if _word(line, _TRIGGER_WORD) == Trigger.MANUAL}


def _active_runs(obj: Mapping[str, Any]) -> dict[str, str]:
    """Return when the active manual runs of an object started, by their IDs; an empty time for one that waits."""
    runs: Sequence[Mapping[str, Any]] = _status(obj).get("active") or ()
    return {run.get("runID") or "": run.get("startedAt") or "" for run in runs if run.get("trigger") == Trigger.MANUAL}


def _has_waiting_run(obj: Mapping[str, Any]) -> bool:
    """Return whether a manual run of an object waits for its place or for another run."""
    return "" in _active_runs(obj).values()


def _requests_in(obj: Mapping[str, Any]) -> set[str]:
    """Return the tokens that an object shows: the latest one, and the one that was handled last."""
    annotations = (obj.get("metadata") or {}).get("annotations") or {}
    tokens = (annotations.get(REQUEST_ANNOTATION), _status(obj).get("lastHandledRequest"))
    return {token for token in tokens if token}


def _status(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    return obj.get("status") or {}


def _word(line: str, number: int) -> str:
    """Return a word of a history line; its message, which may say anything, is at the end."""
    return "".join(line.split(" ")[number : number + 1])
