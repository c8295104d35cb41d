"""JSON: bytes to Python values. Made by `registry`."""

import codecs
from typing import Any, ClassVar, Final

from scrape_operator.api.kinds.extract import Format
from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.extraction import Document
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.extraction.formats.charsets import decode_strictly, header_codec
from scrape_operator.extraction.formats.reader import Family, Page, ReaderOptions, Selector
from scrape_operator.extraction.selectors.jmespath import compile_jmespath
from scrape_operator.extraction.values.json_values import read_json

# A mark of UTF-32 begins with one of UTF-16, and so comes first.
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class JMESPathReader:
    """What the readers of JSON values share."""

    families: ClassVar = frozenset({Family.JMESPATH})

    def compile(self, family: Family, text: str | int) -> Selector:
        """Compile a selector. Raises InvalidValue."""
        return compile_jmespath(str(text))


class JSONReader(JMESPathReader):
    """Reads one JSON text (RFC 8259), in the encoding of its byte order mark, in UTF-8 or in that of its header."""

    format: ClassVar = Format.JSON
    is_bounded: ClassVar = True

    def __init__(self, options: ReaderOptions) -> None:
        self._numbers_as_written = options.numbers_as_written

    def read(self, document: Document) -> Page:
        """Read a document.

        Raises:
            ScrapeFailed: DecodeError; the message says where the text breaks.

        """
        try:
            value: Any = read_json(to_utf8(document), as_written=self._numbers_as_written)
        except ValueError as error:
            raise ScrapeFailed(Reason.DECODE_ERROR, f"the document can't be read as JSON: {error}"[:300]) from None
        return Page(root=value, nodes=(value,), base_url=document.url)


def to_utf8(document: Document) -> bytes:
    """Return the text of a JSON document in UTF-8 without byte order mark. Raises ValueError where it is invalid."""
    body = document.body
    if body[:1].isascii() and body.isascii():
        return body
    for bom, codec in _BOMS:
        if body.startswith(bom):
            text = body[len(bom) :]
            return text if codec == "utf-8" else text.decode(codec).encode("utf-8")
    codec_of_header = header_codec(document.content_type)
    if codec_of_header not in {None, "utf-8"}:
        try:
            body.decode("utf-8")
        except UnicodeDecodeError:
            return decode_strictly(body, codec_of_header or "utf-8").encode("utf-8")
    return body
