"""Describes for `changes` how items changed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.text import Text

from scrape_operator.cli.listings import Listing
from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.reading import ChangeRow
from scrape_operator.core.runs.items import Change, JSONValue
from scrape_operator.core.runs.run import clip
from scrape_operator.core.times import rfc3339
from scrape_operator.storage.reading.history import SQLHistoryReader

LINE_MAX_BYTES = 200
VALUE_MAX_BYTES = 80
STYLES = {"NEW": "green", "BACK": "green", "CHANGED": "yellow", "GONE": "red"}


def parse_kinds(texts: Sequence[str]) -> Sequence[Change]:
    """Return the kinds of changes that `--change` names, in any case. Raises InvalidValue."""
    try:
        return [Change(text.upper()) for text in texts]
    except ValueError as error:
        raise InvalidValue(f"--change {' '.join(texts)[:64]}: write NEW, CHANGED, GONE or BACK") from error


async def _describe(_history: SQLHistoryReader, changes: Sequence[ChangeRow]) -> Iterable[Text]:
    return (line for change in changes for line in describe(change))


CHANGES = Listing(SQLHistoryReader.changes, ChangeRow._asdict, _describe)


def describe(change: ChangeRow) -> Iterator[Text]:
    """Yield a line for the item, with its fields where they are all stored.

    A changed item has a line for each field instead: before -> after.
    """
    is_changed = change.change == "CHANGED"
    whole = None if is_changed else change.after or change.before
    heading = f"{rfc3339(change.at)} {change.change:<7} {change.name}/{change.target} {change.key}"
    if whole:
        heading = f"{heading} {_brief(whole)}"
    yield Text(clip(heading, LINE_MAX_BYTES), style=STYLES.get(change.change, ""))
    if is_changed:
        yield from describe_fields(change.before or {}, change.after or {})


def _brief(fields: Mapping[str, JSONValue]) -> str:
    """Return the fields of an item as one text; those that are missing are left out."""
    return ", ".join(f"{name}: {_value(fields, name)}" for name, value in fields.items() if value is not None)


def describe_fields(before: Mapping[str, JSONValue], after: Mapping[str, JSONValue]) -> Iterator[Text]:
    """Yield a line for each field: before -> after."""
    for name in dict.fromkeys((*before, *after)):
        parts = f"  {name}: ", (_value(before, name), "red"), " -> ", (_value(after, name), "green")
        yield Text.assemble(*parts)


def _value(fields: Mapping[str, JSONValue], name: str) -> str:
    return clip(str(fields.get(name)), VALUE_MAX_BYTES)
