"""What a target's earlier runs left for the next one: what is usual, and how to tell that nothing changed."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from scrape_operator.core.net.documents import Validators
from scrape_operator.core.runs.baseline import Baseline
from scrape_operator.core.runs.items import ItemMode
from scrape_operator.core.runs.repeated_items import LastDocument


@dataclass(frozen=True, slots=True)
class Revalidation:
    """What the documents were when their items were last stored in full.

    Attributes:
        fingerprint: Of the request, its credentials and the plan. With another one the rest says nothing.
        validators: What the server issued for the first page, if it issued any for all pages.
        body_hash: Of the bodies of all pages, in order.

    """

    fingerprint: str
    validators: Validators | None = None
    body_hash: str = ""


FORGOTTEN = Revalidation("")
"""Takes the place of a revalidation that no longer describes what is stored."""


@dataclass(frozen=True, slots=True)
class TargetMemory:
    """What is known of a target when its run starts.

    `order` are the hashes of the items of the last run, as `core.runs.page_order` makes them; None where they are not
    kept. `is_listed` says that this process has read a list of the target to its end before. `document` is that of the
    last good run of this process. In a trial nothing is stored, so that no run is known before it or after it.
    """

    baseline: Baseline = field(default_factory=Baseline)
    revalidation: Revalidation = FORGOTTEN
    order: Sequence[int] | None = None
    is_listed: bool = False
    document: LastDocument | None = None
    is_trial: bool = False

    def needs_proof(self, mode: ItemMode) -> bool:
        """Return whether a list must be shown not to have moved: before the first good run, and where items go."""
        return not (self.is_trial or self.is_listed) and (mode is ItemMode.SNAPSHOT or not self.baseline.runs)


NO_MEMORY = TargetMemory()
TRIAL = TargetMemory(is_trial=True)
