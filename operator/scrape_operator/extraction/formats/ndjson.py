"""NDJSON and JSON text sequences (RFC 7464): one JSON value per line. Made by `registry`."""

from typing import Any, ClassVar, Final

from scrape_operator.api.kinds.extract import Format
from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.extraction import Document
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.extraction.formats.json import JMESPathReader, to_utf8
from scrape_operator.extraction.formats.reader import Page, ReaderOptions
from scrape_operator.extraction.values.json_values import read_json

_RECORD_SEPARATOR: Final = b"\x1e"


class NDJSONReader(JMESPathReader):
    """Reads one JSON value from each line that is not blank. A line that is no JSON is left out, with a warning."""

    format: ClassVar = Format.NDJSON
    is_bounded: ClassVar = True

    def __init__(self, options: ReaderOptions) -> None:
        self._numbers_as_written = options.numbers_as_written

    def read(self, document: Document) -> Page:
        """Read a document.

        Raises:
            ScrapeFailed: DecodeError if it has lines, and none of them is JSON.

        """
        values: list[Any] = []
        broken: list[str] = []
        for number, line in enumerate(_lines(document), 1):
            text = line.strip(b" \t" + _RECORD_SEPARATOR)
            if not text:
                continue
            try:
                values.append(read_json(text, as_written=self._numbers_as_written))
            except ValueError as error:
                broken.append(f"line {number} can't be read as JSON: {error}"[:200])
        if broken and not values:
            raise ScrapeFailed(Reason.DECODE_ERROR, f"the document has no JSON line: {broken[0]}")
        return Page(root=values, nodes=values, base_url=document.url, lost=len(broken), warnings=_warnings(broken))


def _lines(document: Document) -> list[bytes]:
    """Return the lines of a document in UTF-8. Raises ScrapeFailed."""
    try:
        return to_utf8(document).splitlines()
    except ValueError as error:
        raise ScrapeFailed(Reason.DECODE_ERROR, f"the document can't be read as NDJSON: {error}"[:300]) from None


def _warnings(broken: list[str]) -> list[str]:
    if not broken:
        return []
    others = f", and {len(broken) - 1} others" if len(broken) > 1 else ""
    return [f"{broken[0]}{others}: left out"]
