"""Selections as SQL conditions. Used by `results`."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Uuid, false, or_

from scrape_operator.core.selection import Operator, Requirement, Selection

Columns = Mapping[str, ColumnElement[Any]]
"""The columns, or expressions, of the fields that can be selected by."""


def conditions_of(selection: Selection, columns: Columns) -> list[ColumnElement[bool]]:
    """Return one condition for each requirement."""
    return [_condition(requirement, columns) for requirement in selection]


def _condition(requirement: Requirement, columns: Columns) -> ColumnElement[bool]:
    """Return the condition of a requirement; rows do not have fields without a column."""
    column = columns.get(requirement.field)
    if column is None:
        return false() if not requirement.matches(None) else ~false()
    match requirement.operator:
        case Operator.IN:
            return column.in_(_values(requirement, column))
        case Operator.NOT_IN:
            return or_(column.is_(None), column.not_in(_values(requirement, column)))
        case Operator.EXISTS:
            return column.is_not(None)
        case Operator.ABSENT:
            return column.is_(None)


def _values(requirement: Requirement, column: ColumnElement[Any]) -> list[Any]:
    """Return the values as the column has them; IDs are texts in selections."""
    values = sorted(requirement.values)
    if isinstance(column.type, Uuid):
        return [UUID(value) for value in values]
    return [int(value) for value in values] if isinstance(column.type, Integer) else list(values)
