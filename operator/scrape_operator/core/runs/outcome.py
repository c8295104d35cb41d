"""From targets to the verdict on a run (api.md, Outcomes)."""

from collections.abc import Sequence

from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import RunStatus, TargetResult, clip


def verdict(targets: Sequence[TargetResult], min_succeeded: int = 1) -> tuple[RunStatus, Reason, str]:
    """Fold the targets of a run into its status, reason and message.

    All fine is SUCCEEDED, some PARTIALLY_SUCCEEDED, fewer than `min_succeeded` good ones FAILED.
    The reason of a run that is not all fine is that of its first failing target in spec order, and
    where none failed that of the first that succeeded in part.
    """
    good = sum(target.status.is_good for target in targets)
    not_fine = [target for target in targets if target.status is not RunStatus.SUCCEEDED]
    first_bad = next((target for target in not_fine if not target.status.is_good), next(iter(not_fine), None))
    if first_bad is None:
        unchanged = bool(targets) and all(target.reason is Reason.NOT_MODIFIED for target in targets)
        return RunStatus.SUCCEEDED, Reason.NOT_MODIFIED if unchanged else Reason.SUCCEEDED, ""
    status = RunStatus.PARTIALLY_SUCCEEDED if good >= min_succeeded else RunStatus.FAILED
    return status, first_bad.reason, clip(f"target {first_bad.target}: {first_bad.message}")
