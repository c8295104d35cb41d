"""From what a target read to its outcome, and from the targets to the outcome of a run."""

from collections.abc import Sequence
from typing import NamedTuple

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.runs.expectations import Breach
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus, TargetResult, clip


class Outcome(NamedTuple):
    """How a target or a run ended. `message` is empty where all is fine."""

    status: RunStatus
    reason: Reason
    message: str = ""


FINE = Outcome(RunStatus.SUCCEEDED, Reason.SUCCEEDED)


def evaluate_target(breach: Breach | None, failure: ScrapeFailed | None, *, has_items: bool) -> Outcome:
    """Return the outcome of a target that was read.

    `failure` is what ended the reading early, or the first loss; None if everything was read. It is the reason of the
    target, since a breach is its consequence. `breach` alone decides where everything was read.
    """
    if failure is not None:
        is_fatal = not has_items or (breach is not None and breach.is_fatal)
        status = RunStatus.FAILED if is_fatal else RunStatus.PARTIALLY_SUCCEEDED
        return Outcome(status, failure.reason, clip(failure.message))
    if breach is None:
        return FINE
    status = RunStatus.FAILED if breach.is_fatal else RunStatus.PARTIALLY_SUCCEEDED
    return Outcome(status, breach.reason, clip(breach.message))


def evaluate_run(targets: Sequence[TargetResult], min_succeeded: int = 1) -> Outcome:
    """Fold the targets of a run into its outcome.

    All fine is SUCCEEDED, some PARTIALLY_SUCCEEDED, fewer than `min_succeeded` good ones FAILED. The reason is that of
    the first failing target in spec order, and where none failed that of the first that succeeded in part.
    """
    not_fine = [target for target in targets if target.status is not RunStatus.SUCCEEDED]
    if not not_fine:
        is_unchanged = bool(targets) and all(target.reason is Reason.NOT_MODIFIED for target in targets)
        return Outcome(RunStatus.SUCCEEDED, Reason.NOT_MODIFIED if is_unchanged else Reason.SUCCEEDED)
    worst = next((target for target in not_fine if not target.status.is_good), not_fine[0])
    good = sum(target.status.is_good for target in targets)
    status = RunStatus.PARTIALLY_SUCCEEDED if good >= min_succeeded else RunStatus.FAILED
    return Outcome(status, worst.reason, run_message(worst.target, worst.message))


def run_message(target: str, message: str) -> str:
    """Return the message of a run whose outcome is that of a target."""
    return clip(f"target {target}: {message}")
