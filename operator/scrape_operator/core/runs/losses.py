"""What a target could not read though it is there: a later page, a detail page, an event of a platform."""

from dataclasses import dataclass, field

from scrape_operator.core.errors import ScrapeFailed

MAX_LOSSES_KEPT = 20


@dataclass(frozen=True, slots=True)
class Loss:
    """One thing that was not read: what it is, and why."""

    subject: str
    failure: ScrapeFailed


@dataclass(slots=True)
class Losses:
    """All losses of one target in one run: the first ones with their causes, and how many there are."""

    kept: list[Loss] = field(default_factory=list)
    count: int = 0

    @property
    def first_failure(self) -> ScrapeFailed | None:
        """The cause of the first loss, or None if nothing was lost."""
        return self.kept[0].failure if self.kept else None

    def add(self, subject: str, failure: ScrapeFailed, count: int = 1) -> None:
        """Record that `count` things were not read."""
        self.count += count
        if len(self.kept) < MAX_LOSSES_KEPT:
            self.kept.append(Loss(subject, failure.detached()))

    def describe(self) -> list[str]:
        """Return one line for each loss that is kept, after the total where that is larger."""
        lines = [f"{loss.subject} lost: {loss.failure.reason}: {loss.failure.message}" for loss in self.kept]
        return [f"{self.count} lost in all", *lines] if self.count > len(lines) else lines
