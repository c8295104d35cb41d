"""Prints for `changes` how items changed, the newest change first."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict

from rich.text import Text

from scrape_operator.cli.formats import RowFormat
from scrape_operator.cli.rows import first, print_described, print_rows
from scrape_operator.core.reading import ChangeQuery, ChangeRow, read_all
from scrape_operator.core.runs.items import JSONValue
from scrape_operator.core.runs.run import clip
from scrape_operator.core.times import rfc3339
from scrape_operator.settings import Settings
from scrape_operator.storage.reading.history import open_history

LINE_MAX_BYTES = 200
VALUE_MAX_BYTES = 80
STYLES = {"NEW": "green", "BACK": "green", "CHANGED": "yellow", "GONE": "red"}


async def print_changes(settings: Settings, query: ChangeQuery, form: RowFormat, limit: int) -> int:
    """Print the newest `limit` changes, all where it is 0, and return how many there were."""
    async with open_history(settings) as history:
        changes = first(read_all(lambda after: history.changes(query, after)), limit)
        if form is not RowFormat.TABLE:
            return await print_rows((asdict(change) async for change in changes), form, ())
        return await print_described(changes, describe)


def describe(change: ChangeRow) -> Iterator[Text]:
    """Yield a line for the item, and for a changed one a line for each field: before -> after."""
    heading = f"{rfc3339(change.at)} {change.change:<7} {change.name}/{change.target} {change.key}"
    yield Text(clip(heading, LINE_MAX_BYTES), style=STYLES.get(change.change, ""))
    before, after = change.before or {}, change.after or {}
    if change.change == "CHANGED":
        for name in dict.fromkeys((*before, *after)):
            yield Text(f"  {name}: {_value(before, name)} -> {_value(after, name)}")


def _value(fields: Mapping[str, JSONValue], name: str) -> str:
    return clip(str(fields.get(name)), VALUE_MAX_BYTES)
