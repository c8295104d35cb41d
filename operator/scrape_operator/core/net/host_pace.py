"""The pace of one host by what it answers: slow answers and errors slow it down, successes speed it up slowly."""

from collections import deque

SLOW_ANSWER_SECONDS = 1.0
"""A host is slow if even the fastest of its last answers took longer than this to begin."""

MAX_INTERVAL_SECONDS = 2.0
_FIRST_INTERVAL = 0.1
_NEGLIGIBLE = 0.01
_SPEED_UP = 0.9
_ANSWERS = 8
_BY_ERRORS = "it answered with errors, or not at all"
_BY_SLOW_ANSWERS = "its answers are slow"


class AdaptivePace:
    """The seconds between the starts of two requests that a host's own answers ask for, in addition to its budget.

    One failing or slow schedule does not slow down the others: only several answers in a row count. `cause` says what
    of the host made the interval, for messages.
    """

    __slots__ = ("_errors", "_latencies", "cause", "interval")

    def __init__(self) -> None:
        self.interval = 0.0
        self._errors = 0
        self.cause = _BY_SLOW_ANSWERS
        self._latencies: deque[float] = deque(maxlen=_ANSWERS)

    def answered(self, latency: float, concurrency: int) -> None:
        """Note an answer that began after `latency` seconds, with so many requests allowed at the same time."""
        self._errors = 0
        self._latencies.append(latency)
        fastest = min(self._latencies)
        is_slow = len(self._latencies) == _ANSWERS and fastest > SLOW_ANSWER_SECONDS
        wanted = fastest / concurrency if is_slow else 0.0
        faster = self.interval * _SPEED_UP if self.interval > _NEGLIGIBLE else 0.0
        self.interval = min(max(wanted, faster), MAX_INTERVAL_SECONDS)
        if wanted >= faster:
            self.cause = _BY_SLOW_ANSWERS

    def failed(self) -> None:
        """Note an error: 429, 5xx, or no answer. The second in a row slows the host down, each further one doubles."""
        self._errors += 1
        if self._errors > 1:
            self.cause = _BY_ERRORS
            self.interval = min(max(2 * self.interval, _FIRST_INTERVAL), MAX_INTERVAL_SECONDS)
