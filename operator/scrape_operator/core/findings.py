"""The findings of validation: one finding is one line with a remedy."""

from dataclasses import dataclass

from scrape_operator.core.runs.reasons import Reason


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with an object.

    `path` is the field as a user writes it (`spec.targets[0].http.url`); `message` says what is
    wrong and what to do. `reason` is what a schedule that has it is stalled by.
    """

    path: str
    message: str
    reason: Reason = Reason.INVALID_SPEC

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"
