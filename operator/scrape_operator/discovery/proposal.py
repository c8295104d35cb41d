"""A proposed `extract`: where the items are, and which fields they have."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MAX_FIELDS = 24
MAX_NAME = 40

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?")
_PLAIN_DECIMAL = re.compile(r"-?\d{1,12}\.\d{1,6}", re.ASCII)
_IDENTITIES = {"id", "sku", "uuid", "guid", "key", "slug", "code"}
_ADDRESSES = {"link", "url", "href"}
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class FieldProposal:
    """One field. `selector` is a selector of a spec, such as {"css": "a::text"}. `note` is a comment on it."""

    name: str
    selector: Mapping[str, str]
    type: str = "String"
    is_many: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """How to read one list of a document.

    Attributes:
        format: A format of a spec.
        items: The selector of the items, or None where the format itself gives them.
        fields: The fields, in the order of the document.
        key: The fields that identify an item; empty if none does.
        count: How many items the document has by it; 0 if they were not counted.
        what: What the list is, for a person.
        same: Fields that are the same in each item, and therefore not among `fields`.

    """

    format: str
    items: Mapping[str, str] | None
    fields: Sequence[FieldProposal]
    key: Sequence[str]
    count: int
    what: str
    same: Sequence[FieldProposal] = ()

    @property
    def score(self) -> int:
        """Return how much it gives: the number of values."""
        return self.count * len(self.fields)


def field_name(text: str, taken: Sequence[str]) -> str:
    """Return a field name made of a text, unlike those that are taken."""
    words = _NOT_IN_NAMES.sub("_", text).strip("_").lower()[:MAX_NAME].strip("_")
    name = words if words[:1].isalpha() else f"field_{words}".rstrip("_")
    numbered = (f"{name}_{number}" for number in range(2, MAX_FIELDS + 3))
    return name if name not in taken else next(candidate for candidate in numbered if candidate not in taken)


def type_of(values: Sequence[object]) -> str:
    """Return the type of a field with these values; String where they do not agree on another one."""
    found = {_type_of(value) for value in values if value not in (None, "")}
    if found == {"Integer", "Number"}:
        return "Number"
    return found.pop() if len(found) == 1 else "String"


def _type_of(value: object) -> str:
    match value:
        case bool():
            return "Boolean"
        case int():
            return "Integer"
        case float():
            return "Number"
        case str():
            return _type_of_text(value)
        case _:
            return "String"


def _type_of_text(text: str) -> str:
    if _PLAIN_DECIMAL.fullmatch(text):
        return "Decimal"
    if _DATE.fullmatch(text.strip()):
        return "DateTime"
    return "URL" if text.startswith(("http://", "https://")) else "String"


def key_of(columns: Mapping[str, Sequence[object]]) -> tuple[str, ...]:
    """Return the field that identifies an item: one whose values are all there and all differ.

    Args:
        columns: The values of each field, one for each item.

    """
    unique = [name for name, values in columns.items() if _is_unique(values)]
    named = [name for name in unique if name in _IDENTITIES or name.endswith("_id")]
    links = [name for name in unique if name in _ADDRESSES]
    return tuple((named or links or unique)[:1])


def _is_unique(values: Sequence[object]) -> bool:
    return None not in values and len(set(map(str, values))) == len(values)
