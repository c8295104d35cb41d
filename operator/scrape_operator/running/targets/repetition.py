"""Documents that did not change since the last run: their items are neither read nor compared again (decision 0117)."""

from collections.abc import Sequence
from functools import partial
from hashlib import blake2b
from uuid import UUID

from scrape_operator.core.extraction import Document
from scrape_operator.core.runs.items import Item
from scrape_operator.core.runs.keys import key_items
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.repeated_items import LastDocument, RepeatedItems
from scrape_operator.core.runs.run import TargetResult
from scrape_operator.extraction.workers.pool import is_read_inline
from scrape_operator.planning.plans import HTTPTargetPlan
from scrape_operator.running.targets.target_run import TargetRun


def note_document(plan: HTTPTargetPlan, run: TargetRun, document: Document) -> bool:
    """Return whether a document is that of the last run, whose items are then those of `run`. Note it for the next one.

    Called where the document alone decides the items. Only one that is read in the event loop qualifies: the store can
    read its items at once where it does not have them. Secrets are masked in what was read, and may differ from run to
    run.
    """
    if run.session.mask or not is_read_inline(plan.extracts.page, document):
        return False
    run.digest = _digest_of(document)
    last, usual = run.memory.document, run.memory.baseline.constant
    if last is None or usual is None or (last.digest, last.expectations) != (run.digest, plan.expectations):
        return False
    run.repeated = RepeatedItems(last.run_id, usual.items, partial(_read_items, plan, document))
    return True


def last_document(plan: HTTPTargetPlan, run: TargetRun, result: TargetResult, run_id: UUID) -> LastDocument | None:
    """Return what the next run can compare its document with, or None where it must read it."""
    is_plain = result.reason is Reason.SUCCEEDED and result.complete and result.items and not result.warnings
    return LastDocument(run.digest, run_id, plan.expectations) if run.digest and is_plain else None


def _digest_of(document: Document) -> bytes:
    """Return a hash of what decides the items of a document, given the settings of its target."""
    digest = blake2b(document.body, digest_size=16)
    digest.update(f"\n{document.url}\n{document.content_type}".encode("utf-8", "replace"))
    return digest.digest()


def _read_items(plan: HTTPTargetPlan, document: Document) -> Sequence[Item]:
    return key_items(plan.extracts.page.extract(document).items, plan.key).items
