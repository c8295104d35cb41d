"""How items are read from a document: `extract` of a target. `extraction` compiles it once per generation."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field as Bounds
from pydantic import StringConstraints

from scrape_operator.api.kinds.base import ApiModel
from scrape_operator.api.kinds.lists import ListMap
from scrape_operator.api.kinds.values import (
    PREFIX_PATTERN,
    AnyJSON,
    Description,
    Expression,
    FieldName,
    Flag,
    IntOrString,
)
from scrape_operator.api.rules import Rule, cel_count, cel_has, count_given, exactly_one


class Format(StrEnum):
    """What a document is."""

    AUTO = "Auto"
    HTML = "HTML"
    XML = "XML"
    JSON = "JSON"
    NDJSON = "NDJSON"
    CSV = "CSV"
    FEED = "Feed"
    JSONLD = "JSONLD"
    TEXT = "Text"


class FieldType(StrEnum):
    """What the text of a field is read as."""

    STRING = "String"
    INTEGER = "Integer"
    DECIMAL = "Decimal"
    NUMBER = "Number"
    BOOLEAN = "Boolean"
    DATE_TIME = "DateTime"
    URL = "URL"
    JSON = "JSON"


class Mode(StrEnum):
    """What becomes of items that a run does not see again."""

    UPSERT = "Upsert"
    SNAPSHOT = "Snapshot"
    APPEND = "Append"


class FieldValue(StrEnum):
    """A value that the run knows rather than the document."""

    SCHEDULED_FOR = "ScheduledFor"
    FETCHED_AT = "FetchedAt"
    PAGE_URL = "PageURL"


class Selector(ApiModel):
    """Points at nodes or values of a document, in exactly one language."""

    css: Expression | None = None
    """A CSS selector, for HTML and XML. Ends with ::text for text, or with ::attr(name) for an attribute."""

    xpath: Expression | None = None
    """An XPath 1.0 expression, for HTML and XML. It may give nodes, a string, a number or a boolean."""

    jmespath: Expression | None = None
    """A JMESPath expression, for JSON, NDJSON, JSONLD and Feed."""

    regex: Expression | None = None
    """An RE2 regular expression, for Text: group 1 counts, or the whole match where there is no group."""

    rules: ClassVar[tuple[Rule, ...]] = (exactly_one("css", "xpath", "jmespath", "regex"),)


_SOURCES = ("css", "xpath", "jmespath", "column", "group", "value", "const")
_UNFILTERED = ("group", "value", "const")


class Field(ApiModel):
    """One value of an item: where it is found, what it is read as, and what holds if it is missing."""

    name: FieldName
    """The name of the value in the item: a letter or underscore, then letters, digits and underscores."""

    description: Description | None = None
    """What the value means, for people. It has no effect."""

    css: Expression | None = None
    """A CSS selector inside the item, for HTML and XML; ::text gives text, ::attr(name) an attribute."""

    xpath: Expression | None = None
    """An XPath 1.0 expression inside the item, for HTML and XML; begin with a dot to stay inside the item."""

    jmespath: Expression | None = None
    """A JMESPath expression inside the item, for JSON, NDJSON, JSONLD and Feed."""

    column: Annotated[int | str, IntOrString(1, 256)] | None = None
    """A column of CSV: its name in the header, or its number from 1 where csv.header is false."""

    group: Annotated[int | str, IntOrString(0, 64)] | None = None
    """A group of the regular expression that gave the item in Text: its name or its number."""

    value: FieldValue | None = None
    """A value that the run knows: ScheduledFor (the due time), FetchedAt, or PageURL (the address that answered)."""

    const: AnyJSON = None
    """A fixed value, the same in every item."""

    regex: Expression | None = None
    """An RE2 regular expression. Beside css, xpath, jmespath or column it filters what they found: group 1 counts, or
    the whole match, and no match means that the value is missing. Alone it searches the item, in Text."""

    type: FieldType = FieldType.STRING
    """What the text is read as. A text that can't be read so is missing, counted, and named in the run's warnings."""

    many: Flag = False
    """Give all values, as a list in document order without empty strings. Otherwise the first value counts."""

    required: Flag = False
    """Drop, and count, an item in which this value is missing."""

    default: AnyJSON = None
    """The value where none is found, of the field's type (a list with many). Not together with required."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            f"{cel_count(*_SOURCES)} == 1 || (has(self.regex) && {cel_count(*_SOURCES)} == 0)",
            lambda field: count_given(field, *_SOURCES) == 1 or (field.regex and not count_given(field, *_SOURCES)),
            "exactly one of css, xpath, jmespath, regex, column, group, value, const must be given "
            "(regex may also stand beside css, xpath, jmespath or column)",
        ),
        Rule(
            f"!has(self.regex) || ({cel_count(*_UNFILTERED)} == 0)",
            lambda field: field.regex is None or not count_given(field, *_UNFILTERED),
            "may not stand beside group, value or const: remove one of them",
            path="regex",
        ),
        Rule(
            f"!(has(self.required) && self.required && {cel_has('default')})",
            lambda field: not (field.required and field.default is not None),
            "may not stand beside required: true: a required value has no default, remove one of them",
            path="default",
        ),
    )


class Namespace(ApiModel):
    """A prefix that XPath expressions use for an XML namespace."""

    prefix: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=63, pattern=PREFIX_PATTERN)]
    """The prefix, as the expressions write it."""

    uri: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=1024)]
    """The name of the namespace."""


class CSV(ApiModel):
    """How CSV is written, where that can't be found out from the document."""

    header: Flag = True
    """Whether the first record names the columns. If not, columns are numbers from 1."""

    delimiter: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=1)] | None = None
    """The character between values. Absent: found among comma, semicolon, tab and bar."""

    encoding: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=64)] | None = None
    """The character encoding, by its label on the web. Absent: found as for every document."""


class Extract(ApiModel):
    """How items are read from the documents of a target."""

    format: Format = Format.AUTO
    """What the document is. Auto goes by the content type, and by the first bytes where that says nothing."""

    items: Selector | None = None
    """Gives one node per item. Absent: the document is one item (NDJSON: each line, CSV: each record, Feed: each
    entry, JSONLD: each object)."""

    fields: Annotated[tuple[Field, ...], Bounds(min_length=1, max_length=128), ListMap("name")]
    """The values of an item."""

    key: Annotated[tuple[FieldName, ...], Bounds(min_length=1, max_length=16)] = ()
    """The names of the fields that identify an item from run to run. Absent: all fields together."""

    mode: Mode = Mode.UPSERT
    """What becomes of stored items. Upsert: items that a run does not see stay. Snapshot: they are marked gone.
    Append: every run adds rows."""

    namespaces: Annotated[tuple[Namespace, ...], Bounds(max_length=32), ListMap("prefix")] = ()
    """The namespace prefixes of XPath expressions, for XML."""

    csv: CSV | None = None
    """How CSV is written, for CSV."""
