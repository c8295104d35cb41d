"""The readable formats: makes the reader of one format for one `extract`."""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from scrape_operator.api.kinds.extract import Format
from scrape_operator.extraction.formats.csv import CSVReader
from scrape_operator.extraction.formats.feed import FeedReader
from scrape_operator.extraction.formats.html import HTMLReader
from scrape_operator.extraction.formats.json import JSONReader
from scrape_operator.extraction.formats.jsonld import JSONLDReader
from scrape_operator.extraction.formats.ndjson import NDJSONReader
from scrape_operator.extraction.formats.reader import Family, Reader, ReaderOptions
from scrape_operator.extraction.formats.text import TextReader
from scrape_operator.extraction.formats.xml import XMLReader


class ReaderClass(Protocol):
    """What a format's reader is made by, and what is known of the format without a reader."""

    format: Format
    families: frozenset[Family]
    is_bounded: bool

    def __call__(self, options: ReaderOptions) -> Reader:
        """Make a reader for one `extract`."""


_CLASSES: Final[Sequence[ReaderClass]] = (
    HTMLReader,
    XMLReader,
    JSONReader,
    NDJSONReader,
    CSVReader,
    FeedReader,
    JSONLDReader,
    TextReader,
)
_READERS: Final[Mapping[Format, ReaderClass]] = {reader.format: reader for reader in _CLASSES}

READABLE: Final = tuple(_READERS)
"""The formats that documents can be read in."""


def make_reader(format_: Format, options: ReaderOptions) -> Reader:
    """Return a reader of documents in `format_`, which must be one of READABLE."""
    return _READERS[format_](options)


def is_bounded(format_: Format) -> bool:
    """Whether parsing a document in `format_` takes time and memory in proportion to its size."""
    return format_ not in _READERS or _READERS[format_].is_bounded


def families_of(format_: Format) -> frozenset[Family]:
    """Return the families of selectors that point into documents in `format_`, none for Auto."""
    return _READERS[format_].families if format_ in _READERS else frozenset()


def format_with(family: Family) -> Format | None:
    """Return the first format that has selectors of a family, None where there is none."""
    return next((format_ for format_, reader in _READERS.items() if family in reader.families), None)
