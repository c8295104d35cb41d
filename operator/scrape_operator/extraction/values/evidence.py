"""How the ambiguous numbers and dates of a field are read, by its other values in the document. Called by `fields`."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from scrape_operator.api.kinds.extract import FieldType
from scrape_operator.extraction.values.dates import common_order, has_unclear_order, order_of_language
from scrape_operator.extraction.values.numbers import Mark, NumberText, common_mark, find_number, mark_of_language
from scrape_operator.extraction.values.types import Surroundings
from scrape_operator.extraction.values.unreadable import Unreadable

TYPES_WITH_MARKS: Final = frozenset({FieldType.INTEGER, FieldType.DECIMAL})
"""Types whose numbers may have thousands marks."""

THOUSANDS_NOTE: Final = "a mark may be a decimal mark and is read as a thousands mark (decimalMark says what it is)"


def with_evidence(
    around: Surroundings, type_: FieldType, texts: Sequence[str], machine_mark: Mark | None
) -> tuple[Surroundings, str | None]:
    """Return the surroundings for a field with these texts, and a text that is ambiguous and stays so.

    `machine_mark` is the decimal mark of data that is written for programs.
    """
    if type_ in TYPES_WITH_MARKS and around.decimal_mark is None:
        return _with_mark(around, texts, machine_mark)
    if type_ is FieldType.DATE_TIME and around.dates.stated_order is None and any(map(has_unclear_order, texts)):
        order = common_order(texts) or order_of_language(around.dates.language)
        return replace(around, dates=replace(around.dates, derived_order=order)), None
    return around, None


def _with_mark(
    around: Surroundings, texts: Iterable[str], machine_mark: Mark | None
) -> tuple[Surroundings, str | None]:
    if machine_mark is not None:
        return replace(around, ambiguous_mark=machine_mark), None
    numbers: list[tuple[str, NumberText]] = []
    for text in texts:
        with suppress(Unreadable):
            numbers.append((text, find_number(text)))
    ambiguous = next((text for text, number in numbers if number.is_ambiguous), None)
    if ambiguous is None:
        return around, None
    mark = common_mark(number for _, number in numbers) or mark_of_language(around.dates.language)
    return replace(around, ambiguous_mark=mark), ambiguous if mark is None else None
