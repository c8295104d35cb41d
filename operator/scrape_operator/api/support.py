"""The fields and values of the contract that this version does not support.

A spec that uses one of them is refused with a finding, and the CRD's descriptions name them. Whoever implements a
feature deletes its line here, and runs `make generate`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from scrape_operator.api.kinds.base import ApiModel
from scrape_operator.api.paths import parts_of, written
from scrape_operator.core.findings import Finding


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A field that this version does not support, or supports with some of its values.

    Attributes:
        model: The model that has the field.
        field: The field's name in the API.
        supported: The values that are supported. Empty: the field must be absent.

    """

    model: type[ApiModel]
    field: str
    supported: tuple[StrEnum | bool, ...] = ()

    def is_used_by(self, holder: ApiModel) -> bool:
        """Return whether an object uses the field in a way that is not supported."""
        return self._value(holder) not in (None, (), *self.supported)

    def message(self, holder: ApiModel) -> str:
        """Return the message about the field for the user."""
        if not self.choices:
            return f"{self.field} is not supported by this version: remove it"
        return f"{self.field} {self._value(holder)} is not supported by this version: use {self.choices}"

    @property
    def choices(self) -> str:
        """Return the supported values for a sentence: `Auto, HTML or JSON`."""
        texts = [str(value) for value in self.supported if isinstance(value, StrEnum)]
        return " or ".join(part for part in (", ".join(texts[:-1]), *texts[-1:]) if part)

    @property
    def note(self) -> str:
        """Return the sentence for the field's description."""
        if not self.choices:
            return "Not supported by this version."
        return f"This version supports {self.choices}."

    def _value(self, holder: ApiModel) -> Any:
        fields = type(holder).model_fields.items()
        return next(getattr(holder, name) for name, field in fields if (field.alias or name) == self.field)


UNSUPPORTED: tuple[Unsupported, ...] = ()


def unsupported(holder: ApiModel, location: tuple[int | str, ...] = ("spec",)) -> tuple[Finding, ...]:
    """Return what a part of an object uses that this version does not support; `location` is where the part stands."""
    return tuple(_find(holder, location))


def support_note(model: str, field: str) -> str:
    """Return what the description of a model's field says about its support; empty if it is supported."""
    notes = (entry.note for entry in UNSUPPORTED if (entry.model.__name__, entry.field) == (model, field))
    return next(notes, "")


def _find(holder: ApiModel, location: tuple[int | str, ...]) -> Iterator[Finding]:
    for entry in UNSUPPORTED:
        if isinstance(holder, entry.model) and entry.is_used_by(holder):
            yield Finding(written((*location, entry.field)), entry.message(holder))
    for part, step in parts_of(holder):
        yield from _find(part, (*location, *step))
