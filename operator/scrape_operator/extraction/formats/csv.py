"""CSV (RFC 4180 and its relatives): records of a delimited text. Made by `registry`.

The standard library's reader is used. Its `Sniffer` is not: it takes letters for delimiters. Here the delimiter is one
of four, and the one that gives the most records of equal width wins.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import ClassVar, Final

from scrape_operator.api.kinds.extract import Format
from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.extraction import Document
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.extraction.formats.charsets import codec_of, decode
from scrape_operator.extraction.formats.reader import Family, Page, ReaderOptions, Selector
from scrape_operator.extraction.selectors.column import Columns, compile_column

DELIMITERS: Final = ",;\t|"
_STATEMENT: Final = re.compile(r'"?sep=([,;\t|])"?(?:\r\n|\r|\n)', re.IGNORECASE)
_SAMPLE_RECORDS: Final = 50
_MAX_FIELD: Final = 2**28
"""Characters of a field. A body is bounded before; the library's own bound is 128 KiB, and for the whole process."""


class CSVReader:
    """Reads the records of a delimited text, the first one as the header unless `csv.header` is false."""

    format: ClassVar = Format.CSV
    is_bounded: ClassVar = True
    families: ClassVar = frozenset({Family.COLUMN})

    def __init__(self, options: ReaderOptions) -> None:
        self._has_header = options.csv is None or options.csv.header
        self._delimiter = options.csv.delimiter if options.csv else None
        self._encoding = options.csv.encoding if options.csv else None

    def compile(self, family: Family, text: str | int) -> Selector:
        """Compile a selector. Raises InvalidValue."""
        return compile_column(text, has_header=self._has_header)

    def read(self, document: Document) -> Page:
        """Read a document; blank records are left out.

        Raises:
            ScrapeFailed: DecodeError where the text can't be split into records.

        """
        stated, text = _split_statement(_text(document, self._encoding))
        delimiter = self._delimiter or stated or find_delimiter(text)
        csv.field_size_limit(_MAX_FIELD)
        try:
            records = [record for record in _records(text, delimiter) if any(map(str.strip, record))]
        except csv.Error as error:
            raise ScrapeFailed(Reason.DECODE_ERROR, f"the document can't be read as CSV: {error}"[:300]) from None
        header = records[0] if records and self._has_header else ()
        rows = records[1:] if self._has_header else records
        return Page(
            root=Columns.of(header),
            nodes=rows,
            base_url=document.url,
            size=sum(map(len, rows)),
            machine_mark="," if delimiter == ";" else ".",
        )


def _text(document: Document, encoding: str | None) -> str:
    codec = codec_of(encoding) if encoding else None
    if codec is None:
        return decode(document.body, document.content_type)
    return decode(document.body, f"text/csv; charset={encoding}")


def _split_statement(text: str) -> tuple[str | None, str]:
    """Return the delimiter that a first line such as `sep=;` states, as in files for Excel, and the rest."""
    found = _STATEMENT.match(text)
    return (found[1], text[found.end() :]) if found else (None, text)


def find_delimiter(text: str) -> str:
    """Return the delimiter that gives most of the first records the same number of fields; a comma where none does."""
    scores = {delimiter: _score(text, delimiter) for delimiter in DELIMITERS}
    best = max(scores, key=lambda delimiter: scores[delimiter])
    return best if scores[best] > (0.0, 0) else ","


def _score(text: str, delimiter: str) -> tuple[float, int]:
    """Return which share of the records has the commonest width, and that width; zeros if it is one field."""
    try:
        widths = Counter(len(record) for record in islice(_records(text, delimiter), _SAMPLE_RECORDS) if record)
    except csv.Error:
        return 0.0, 0
    if not widths:
        return 0.0, 0
    width, count = widths.most_common(1)[0]
    return (count / widths.total(), width) if width > 1 else (0.0, 0)


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    """Yield the records, which end with CRLF, LF or CR."""
    yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
