"""What SQLAlchemy spells once per database: INSERT … ON CONFLICT, and lists as one parameter.

Used by claims and items. A list that is one JSON parameter has no limit on its length (SQLite takes
32,766 parameters, PostgreSQL 32,767), is one statement to prepare whatever its length, and costs the
client a tenth of binding its values one by one.
"""

from sqlalchemy import JSON, Table, TableValuedAlias, bindparam, column, func
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

Upsert = postgresql.Insert | sqlite.Insert


def insert_into(connection: AsyncConnection, table: Table) -> Upsert:
    """Begin an INSERT that may say `on_conflict_do_nothing` or `on_conflict_do_update`."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def unfold(connection: AsyncConnection, parameter: str) -> TableValuedAlias:
    """Read the bound parameter, a list of lists, as rows; `.c.value[0]` is the first member of each."""
    function = func.json_array_elements if connection.dialect.name == "postgresql" else func.json_each
    return function(bindparam(parameter, type_=JSON)).table_valued(column("value", JSON), name="given")
