"""How many items each schedule has that are not gone. Called by `items`, in its transaction.

It is kept, not counted: a schedule may gather items for years, and a run that saw twenty must not read them all.
"""

from collections.abc import Collection, Mapping
from functools import cache

from sqlalchemy import Connection, bindparam, select

from scrape_operator.storage.engine.upserts import Upsert, insert_into
from scrape_operator.storage.tables import item_totals

_c = item_totals.c

_TOTALS = select(_c.schedule_uid, _c.total).where(_c.schedule_uid.in_(bindparam("uids", expanding=True)))


def add_to_totals(connection: Connection, uids: Collection[str], added: Mapping[str, int]) -> dict[str, int]:
    """Count what was added for some schedules, and give the totals of all of `uids`; those without items have none."""
    if added:
        rows = [{"schedule_uid": uid, "total": number} for uid, number in sorted(added.items())]
        connection.execute(_added(connection.dialect.name), rows)
    return {row.schedule_uid: row.total for row in connection.execute(_TOTALS, {"uids": list(uids)}).all()}


@cache
def _added(dialect: str) -> Upsert:
    statement = insert_into(dialect, item_totals)
    total = _c.total + statement.excluded.total
    return statement.on_conflict_do_update(index_elements=[_c.schedule_uid], set_={"total": total})
