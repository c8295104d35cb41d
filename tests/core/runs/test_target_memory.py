"""Of which targets a list is read twice: whose items would be missing, or taken as gone."""

import pytest

from scrape_operator.core.runs.baseline import Baseline, GoodRun
from scrape_operator.core.runs.items import ItemMode
from scrape_operator.core.runs.target_memory import NO_MEMORY, TRIAL, TargetMemory

KNOWN = Baseline((GoodRun(3),))


@pytest.mark.parametrize(
    ("memory", "upsert", "snapshot"),
    [
        (NO_MEMORY, True, True),
        (TRIAL, False, False),
        (TargetMemory(KNOWN), False, True),
        (TargetMemory(KNOWN, is_listed=True), False, False),
        (TargetMemory(is_listed=True), False, False),
        (TargetMemory(KNOWN, is_trial=True), False, False),
    ],
    ids=["new", "trial", "after a restart", "known", "never good", "second trial"],
)
def test_a_list_needs_proof_once(memory: TargetMemory, *, upsert: bool, snapshot: bool) -> None:
    assert memory.needs_proof(ItemMode.UPSERT) is upsert
    assert memory.needs_proof(ItemMode.APPEND) is upsert
    assert memory.needs_proof(ItemMode.SNAPSHOT) is snapshot
