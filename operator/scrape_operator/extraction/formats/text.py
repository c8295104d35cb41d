"""Plain text, read by regular expressions. Made by `registry`."""

from typing import ClassVar

from scrape_operator.api.kinds.extract import Format
from scrape_operator.core.extraction import Document
from scrape_operator.extraction.formats.charsets import decode
from scrape_operator.extraction.formats.reader import Family, Page, ReaderOptions, Selector
from scrape_operator.extraction.selectors.matches import compile_group, compile_matches


class TextReader:
    """Reads a text. It is one item, or one for each match of the items' expression."""

    format: ClassVar = Format.TEXT
    is_bounded: ClassVar = True
    families: ClassVar = frozenset({Family.REGEX, Family.GROUP})

    def __init__(self, options: ReaderOptions) -> None:
        self._items = options.items_regex

    def compile(self, family: Family, text: str | int) -> Selector:
        """Compile a selector. Raises InvalidValue."""
        return compile_group(text, self._items) if family is Family.GROUP else compile_matches(str(text))

    def read(self, document: Document) -> Page:
        """Read a document. The text is held as UTF-8, since RE2 reads that."""
        text = decode(document.body, document.content_type).encode("utf-8", "replace")
        return Page(root=text, nodes=(text,), base_url=document.url, size=1 + len(text) // 64)
