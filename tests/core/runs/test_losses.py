"""What was there and was not read."""

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.runs.losses import Losses
from scrape_operator.core.runs.reasons import Reason

MAX_LOSSES_KEPT = 20


def test_nothing_is_lost_at_first() -> None:
    losses = Losses()
    assert (losses.count, losses.first_failure, losses.describe()) == (0, None, [])


def test_the_first_losses_are_kept_and_all_are_counted() -> None:
    losses = Losses()
    for number in range(MAX_LOSSES_KEPT + 5):
        losses.add(f"page {number}", ScrapeFailed(Reason.TIMEOUT, f"late {number}"), count=2)
    assert losses.count == 2 * (MAX_LOSSES_KEPT + 5)
    assert losses.first_failure is losses.kept[0].failure
    lines = losses.describe()
    assert lines[:2] == [f"{losses.count} lost in all", "page 0 lost: Timeout: late 0"]
    assert len(lines) == MAX_LOSSES_KEPT + 1


def test_one_loss_needs_no_total() -> None:
    losses = Losses()
    losses.add("page 2", ScrapeFailed(Reason.HTTP_STATUS, "answered 500"))
    assert losses.count == 1
    assert losses.describe() == ["page 2 lost: HTTPStatus: answered 500"]
