"""Selections: which values of named fields a reader wants. Label and field selectors become selections."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto


class Operator(Enum):
    """How a field is compared with the values of a requirement."""

    IN = auto()
    NOT_IN = auto()
    EXISTS = auto()
    ABSENT = auto()


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on one field. A field that an object does not have satisfies NOT_IN, as in Kubernetes."""

    field: str
    operator: Operator
    values: frozenset[str] = frozenset()

    def matches(self, value: str | None) -> bool:
        """Return whether a value of the field satisfies the condition; None where the object does not have it."""
        match self.operator:
            case Operator.IN:
                return value in self.values
            case Operator.NOT_IN:
                return value not in self.values
            case Operator.EXISTS:
                return value is not None
            case Operator.ABSENT:
                return value is None


Selection = Sequence[Requirement]
"""Conditions that must all hold."""


def is_selected(selection: Selection, values: Mapping[str, str | None]) -> bool:
    """Return whether the values of an object's fields satisfy all requirements."""
    return all(requirement.matches(values.get(requirement.field)) for requirement in selection)
