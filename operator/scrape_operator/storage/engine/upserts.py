"""Statements that SQLAlchemy has for each dialect: INSERT … ON CONFLICT, and lists as one parameter.

Used by claims and items. A list that is one JSON parameter has no limit on its length; SQLite takes 32,766 parameters,
PostgreSQL 32,767. It is one statement to prepare whatever its length. It costs the client a tenth of binding its values
one by one.

Statements that every run needs are made once for each dialect. SQLAlchemy takes longer to build one, and to find it
among the compiled ones, than SQLite takes to execute it.
"""

from sqlalchemy import JSON, Table, TableValuedAlias, bindparam, column, func
from sqlalchemy.dialects import postgresql, sqlite

Upsert = postgresql.Insert | sqlite.Insert


def insert_into(dialect: str, table: Table) -> Upsert:
    """Return an INSERT that may have `on_conflict_do_nothing` or `on_conflict_do_update`."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def unfold(dialect: str, parameter: str) -> TableValuedAlias:
    """Return the rows of a bound parameter, a list of lists; `.c.value[0]` is the first member of each."""
    function = func.json_array_elements if dialect == "postgresql" else func.json_each
    return function(bindparam(parameter, type_=JSON)).table_valued(column("value", JSON), name="given")
