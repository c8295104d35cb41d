"""A document inside an HTML or XML document, such as JSON in a script element. Wraps the reader of its format."""

import json
from dataclasses import replace
from typing import Final

import chompjs

from scrape_operator.api.kinds.extract import Embedded, Format
from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.extraction import Document
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.extraction.formats.detection import format_of
from scrape_operator.extraction.formats.html import HTMLReader
from scrape_operator.extraction.formats.reader import Family, Page, Reader, ReaderOptions, Selector
from scrape_operator.extraction.formats.xml import XMLReader
from scrape_operator.extraction.selectors.regex import Pattern, compile_for_bytes, compile_pattern
from scrape_operator.extraction.step_budget import StepBudget

_MAX_TEXT: Final = 10 * 2**20
_WORDS: Final = compile_for_bytes(
    rb"""(?s)"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|//[^\n]*|/\*.*?\*/|\bundefined\b|\bvoid 0\b|![01]"""
)
"""Texts and comments, which stay as they are, and words that JSON writes in another way."""
_JSON_WORDS: Final = {b"undefined": b"null", b"void 0": b"null", b"!0": b"true", b"!1": b"false"}


class EmbeddedReader:
    """Reads the first text that a selector finds in the outer document. A JavaScript literal is read as JSON."""

    def __init__(self, embedded: Embedded, inner: Reader, options: ReaderOptions) -> None:
        self._inner = inner
        self._outer: dict[Format, Reader] = {Format.HTML: HTMLReader(options), Format.XML: XMLReader(options)}
        self._family = Family.CSS if embedded.css is not None else Family.XPATH
        text = embedded.css if embedded.css is not None else embedded.xpath
        self._selectors = {format_: reader.compile(self._family, text or "") for format_, reader in self._outer.items()}
        self._pattern: Pattern | None = compile_pattern(embedded.regex) if embedded.regex is not None else None
        self.format = inner.format
        self.families = inner.families
        self.is_bounded = False

    def compile(self, family: Family, text: str | int) -> Selector:
        """Compile a selector of the inner document. Raises InvalidValue."""
        return self._inner.compile(family, text)

    def read(self, document: Document) -> Page:
        """Read the inner document.

        Raises:
            ScrapeFailed: SelectorMissed where there is none, or what the inner format raises.

        """
        outer = self._outer_page(document)
        text = self._text(outer, document)
        inner = replace(document, body=text.encode("utf-8", "replace"), content_type="")
        page = self._read_inner(inner, text)
        return replace(page, base_url=outer.base_url, language=page.language or outer.language)

    def _read_inner(self, inner: Document, text: str) -> Page:
        try:
            return self._inner.read(inner)
        except ScrapeFailed:
            literal = _from_javascript(text) if self.format is Format.JSON else None
            if literal is None:
                raise
            return self._inner.read(replace(inner, body=literal))

    def _outer_page(self, document: Document) -> Page:
        return self._outer[self._outer_format(document)].read(document)

    @staticmethod
    def _outer_format(document: Document) -> Format:
        found = format_of(document.content_type, document.body)
        return Format.XML if found in {Format.XML, Format.FEED} else Format.HTML

    def _text(self, outer: Page, document: Document) -> str:
        selector = self._selectors[self._outer_format(document)]
        for value in selector.values(outer.root, outer, StepBudget()):
            found = self._pattern.choose(str(value)) if self._pattern else str(value)
            if found and not found.isspace():
                return found
        filtered = " that its regex matches" if self._pattern else ""
        message = f"extract.embedded found no text{filtered} in the document: check embedded.{self._family}"
        raise ScrapeFailed(Reason.SELECTOR_MISSED, message)


def _from_javascript(text: str) -> bytes | None:
    """Return the first object or list literal of JavaScript as JSON; None where there is none."""
    if len(text) > _MAX_TEXT:
        return None
    try:
        words = _WORDS.sub(lambda found: _JSON_WORDS.get(found[0], found[0]), text.encode("utf-8", "replace"))
        return json.dumps(chompjs.parse_js_object(words.decode())).encode()
    except (ValueError, RecursionError):
        return None
