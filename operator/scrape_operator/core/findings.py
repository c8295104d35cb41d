"""What validation says: one finding is one line that a person can act on."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with an object.

    `path` is the field as a user writes it (`spec.targets[0].http.url`); `message` says what is
    wrong and how to mend it.
    """

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"
