"""Whether the data of a target broke an expectation: for the condition DataHealthy and for notifications."""

from typing import Protocol

from scrape_operator.core.runs.reasons import Reason

BREACHES = frozenset({Reason.EXPECTATION_FAILED, Reason.SELECTOR_MISSED})


class ReadTarget(Protocol):
    """A target of a run that ended."""

    @property
    def reason(self) -> Reason:
        """Why it ended as it did."""

    @property
    def breach(self) -> str | None:
        """Which expectation was not met."""


def is_breached(target: ReadTarget) -> bool:
    """Return whether the data of a target broke an expectation."""
    return target.breach is not None or target.reason in BREACHES
