"""How items are read from a document: `extract` of a target."""

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
    Integer,
    IntOrString,
)
from scrape_operator.api.rules import Rule, cel_count, cel_has, count_given, exactly_one
from scrape_operator.core.runs.items import ItemMode


class Format(StrEnum):
    """The format of a document."""

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
    """The type of a field's value."""

    STRING = "String"
    INTEGER = "Integer"
    DECIMAL = "Decimal"
    NUMBER = "Number"
    BOOLEAN = "Boolean"
    DATE_TIME = "DateTime"
    URL = "URL"
    JSON = "JSON"


class DecimalMark(StrEnum):
    """The character between the integer part and the fraction of a number."""

    POINT = "Point"
    COMMA = "Comma"


class DateOrder(StrEnum):
    """The order of day, month and year in a date of digits."""

    DMY = "DMY"
    MDY = "MDY"
    YMD = "YMD"


class FieldValue(StrEnum):
    """A value of the run, which is not in the document."""

    SCHEDULED_FOR = "ScheduledFor"
    FETCHED_AT = "FetchedAt"
    PAGE_URL = "PageURL"


class Selector(ApiModel):
    """An expression that selects nodes or values of a document, in exactly one language."""

    css: Expression | None = None
    """A CSS selector, for HTML and XML, such as a::attr(href). ::text selects text, ::attr(name) an attribute."""

    xpath: Expression | None = None
    """An XPath 1.0 expression, for HTML and XML, such as //a/@href. It may give nodes, a string, a number or a
    boolean."""

    jmespath: Expression | None = None
    """A JMESPath expression, for JSON, NDJSON, JSONLD and Feed, such as data[*]."""

    regex: Expression | None = None
    """An RE2 regular expression, for Text, such as ^(\\w+): (\\d+)$. It selects group 1, or the whole match if there
    is no group."""

    rules: ClassVar[tuple[Rule, ...]] = (exactly_one("css", "xpath", "jmespath", "regex"),)


class Embedded(ApiModel):
    """The place of a document inside an HTML or XML document."""

    css: Expression | None = None
    """A CSS selector of the text, such as script#__NEXT_DATA__::text."""

    xpath: Expression | None = None
    """An XPath 1.0 expression of the text, such as //script[@id='data']/text()."""

    regex: Expression | None = None
    """An RE2 regular expression that filters the text, such as data = (.*);. Group 1, or the whole match, is the
    document."""

    rules: ClassVar[tuple[Rule, ...]] = (exactly_one("css", "xpath"),)


_SOURCES = ("css", "xpath", "jmespath", "column", "group", "value", "const")
_UNFILTERED = ("group", "value", "const")


class Field(ApiModel):
    """One value of an item: the place where it is found, and its type."""

    name: FieldName
    """The name of the value in the item, such as price: a letter or underscore, then letters, digits and
    underscores."""

    description: Description | None = None
    """The meaning of the value, for people, such as "price with tax". It has no effect."""

    css: Expression | None = None
    """A CSS selector inside the item, for HTML and XML, such as .price::text. ::text selects text, ::attr(name) an
    attribute."""

    xpath: Expression | None = None
    """An XPath 1.0 expression inside the item, for HTML and XML, such as .//small/text(). Without the leading dot it
    searches the whole document."""

    jmespath: Expression | None = None
    """A JMESPath expression inside the item, for JSON, NDJSON, JSONLD and Feed, such as price.amount."""

    column: Annotated[int | str, IntOrString(1, 256)] | None = None
    """A column, for CSV, such as price: its name in the header, or its number from 1 if csv.header is false."""

    group: Annotated[int | str, IntOrString(0, 64)] | None = None
    """A group of the regular expression in items, for Text, such as 1: its name or its number."""

    value: FieldValue | None = None
    """A value of the run. ScheduledFor: the due time. FetchedAt: the time of the answer. PageURL: the URL that
    answered, after redirects."""

    const: AnyJSON = None
    """A fixed value, the same in every item, such as "shop-1"."""

    regex: Expression | None = None
    """An RE2 regular expression, such as ([0-9.]+). Beside css, xpath, jmespath or column it filters what they
    selected: group 1, or the whole match, is the value. Without a match the value is missing. Alone it searches
    the item, for Text."""

    parent: Annotated[int, Integer(1, 16)] | None = None
    """The number of levels above the item where the selector begins, for css and jmespath. In customers[].orders[] the
    customer of an order is at 1. A level is an element in HTML and XML, an object in JSON. Absent: 0."""

    type: FieldType = FieldType.STRING
    """The type of the value. A text that is not of the type is missing, counted, and named in a warning of the run."""

    decimal_mark: DecimalMark | None = None
    """The decimal mark of numbers in the document. Absent: it is derived from the numbers, then from the language of
    the document."""

    date_order: DateOrder | None = None
    """The order of dates in digits, such as 01/11/2026. Absent: it is derived from the dates, then from the language
    and region of the document."""

    many: Flag = False
    """Whether all values are kept, as a list in document order without empty strings. Otherwise the first value that
    is not empty is kept."""

    required: Flag = False
    """Whether an item without this value is dropped and counted."""

    default: AnyJSON = None
    """The value if none is found, of the field's type, such as 0. With many it is a list. Not together with
    required."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            f"{cel_count(*_SOURCES)} == 1 || (has(self.regex) && {cel_count(*_SOURCES)} == 0)",
            lambda field: count_given(field, *_SOURCES) == 1 or (field.regex and not count_given(field, *_SOURCES)),
            "exactly one of css, xpath, jmespath, regex, column, group, value, const must be set "
            "(regex may also be set beside css, xpath, jmespath or column)",
        ),
        Rule(
            f"!has(self.regex) || ({cel_count(*_UNFILTERED)} == 0)",
            lambda field: field.regex is None or not count_given(field, *_UNFILTERED),
            "must not be set beside group, value or const: remove one of them",
            path="regex",
        ),
        Rule(
            "!has(self.parent) || has(self.css) || has(self.jmespath)",
            lambda field: field.parent is None or field.css is not None or field.jmespath is not None,
            "must be set beside css or jmespath: in xpath write ancestor::",
            path="parent",
        ),
        Rule(
            f"!(has(self.required) && self.required && {cel_has('default')})",
            lambda field: not (field.required and field.default is not None),
            "must not be set beside required: true, as a required value has no default: remove one of them",
            path="default",
        ),
    )


class Namespace(ApiModel):
    """A prefix for an XML namespace in XPath expressions."""

    prefix: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=63, pattern=PREFIX_PATTERN)]
    """The prefix, as the expressions use it, such as dc."""

    uri: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=1024)]
    """The name of the namespace, such as http://purl.org/dc/elements/1.1/."""


class CSV(ApiModel):
    """The dialect of a CSV document, where it cannot be derived from the document."""

    header: Flag = True
    """Whether the first record has the names of the columns. If not, columns are numbers from 1."""

    delimiter: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=1)] | None = None
    """The character between values, such as ";". Absent: comma, semicolon, tab or bar, as found in the document."""

    encoding: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=64)] | None = None
    """The character encoding, such as windows-1252. Absent: it is derived from the answer."""


class Extract(ApiModel):
    """How items are read from the documents of a target."""

    format: Format = Format.AUTO
    """The format of the document. Auto: the format follows from the content type, and from the first bytes if the
    content type says nothing. Beside embedded, Auto means JSON."""

    embedded: Embedded | None = None
    """The place of the document inside an HTML or XML document. Absent: the answer is the document."""

    items: Selector | None = None
    """The selector of the items. Absent: the document is one item; in NDJSON each line, in CSV each record, in Feed
    each entry, in JSONLD each object."""

    fields: Annotated[tuple[Field, ...], Bounds(min_length=1, max_length=128), ListMap("name")]
    """The values of an item."""

    key: Annotated[tuple[FieldName, ...], Bounds(min_length=1, max_length=16)] = ()
    """The names of the fields that identify an item from run to run. Absent: all fields together."""

    mode: ItemMode = ItemMode.UPSERT
    """What happens to stored items. Upsert: items that a run does not see stay. Snapshot: they are marked as gone.
    Append: every run adds rows."""

    namespaces: Annotated[tuple[Namespace, ...], Bounds(max_length=32), ListMap("prefix")] = ()
    """The namespace prefixes of XPath expressions, for XML."""

    csv: CSV | None = None
    """The dialect of the document, for CSV. Absent: it is derived from the document."""
