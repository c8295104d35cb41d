"""Describes for `changes` how items changed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.text import Text

from scrape_operator.cli.listings import Listing
from scrape_operator.core.reading import ChangeRow
from scrape_operator.core.runs.items import JSONValue
from scrape_operator.core.runs.run import clip
from scrape_operator.core.times import rfc3339
from scrape_operator.storage.reading.history import SQLHistoryReader

LINE_MAX_BYTES = 200
VALUE_MAX_BYTES = 80
STYLES = {"NEW": "green", "BACK": "green", "CHANGED": "yellow", "GONE": "red"}


async def _describe(_history: SQLHistoryReader, changes: Sequence[ChangeRow]) -> Iterable[Text]:
    return (line for change in changes for line in describe(change))


CHANGES = Listing(SQLHistoryReader.changes, ChangeRow._asdict, _describe)


def describe(change: ChangeRow) -> Iterator[Text]:
    """Yield a line for the item, and for a changed one a line for each field: before -> after."""
    heading = f"{rfc3339(change.at)} {change.change:<7} {change.name}/{change.target} {change.key}"
    yield Text(clip(heading, LINE_MAX_BYTES), style=STYLES.get(change.change, ""))
    if change.change == "CHANGED":
        yield from describe_fields(change.before or {}, change.after or {})


def describe_fields(before: Mapping[str, JSONValue], after: Mapping[str, JSONValue]) -> Iterator[Text]:
    """Yield a line for each field: before -> after."""
    for name in dict.fromkeys((*before, *after)):
        parts = f"  {name}: ", (_value(before, name), "red"), " -> ", (_value(after, name), "green")
        yield Text.assemble(*parts)


def _value(fields: Mapping[str, JSONValue], name: str) -> str:
    return clip(str(fields.get(name)), VALUE_MAX_BYTES)
