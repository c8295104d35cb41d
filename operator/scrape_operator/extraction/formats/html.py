"""HTML: bytes to an lxml tree. Made by `registry`."""

from typing import Any, ClassVar, Final
from urllib.parse import urljoin, urlsplit

from lxml import etree

from scrape_operator.api.kinds.extract import Format
from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.extraction import Document
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.extraction.formats.charsets import to_utf8
from scrape_operator.extraction.formats.reader import Family, Page, ReaderOptions, Selector
from scrape_operator.extraction.selectors.css import compile_css
from scrape_operator.extraction.selectors.xpath import compile_xpath, count_nodes

_EMPTY: Final = b"<html><body></body></html>"
_REPLACEMENT: Final = "\ufffd".encode()
_MAX_DEPTH: Final = 2048
"""The limit of libxml2 on the depth of elements."""

_LANGUAGE: Final = etree.XPath(
    "string((/html/@lang | /html/@*[name() = 'xml:lang'] | /html/body/@lang"
    " | /html/head/meta[translate(@http-equiv, 'CONTELAGU', 'contelagu') = 'content-language']/@content)[1])",
    smart_strings=False,
)


class HTMLReader:
    """Reads HTML as libxml2's recovering parser sees it, within its limits on depth and length."""

    format: ClassVar = Format.HTML
    is_bounded: ClassVar = True
    families: ClassVar = frozenset({Family.CSS, Family.XPATH})

    def __init__(self, options: ReaderOptions) -> None:
        """No option concerns HTML."""

    def compile(self, family: Family, text: str | int) -> Selector:
        """Compile a selector. Raises InvalidValue."""
        return compile_css(str(text)) if family is Family.CSS else compile_xpath(str(text))

    def read(self, document: Document) -> Page:
        """Read a document; one without any element is an empty page.

        Raises:
            ScrapeFailed: DecodeError where it is nested deeper, or has longer texts, than the parser takes.

        """
        text = to_utf8(document.body, document.content_type).replace(b"\0", _REPLACEMENT)
        root = _parse(text)
        return Page(
            root=root,
            nodes=(root,),
            size=count_nodes(root),
            base_url=_base_url(root, document.url),
            is_clean=True,
            language=str(_LANGUAGE(root)).strip(),
        )


def _parse(text: bytes) -> Any:
    parser = etree.HTMLParser(encoding="utf-8", recover=True, no_network=True, huge_tree=True)
    try:
        root = etree.fromstring(text or _EMPTY, parser)
    except etree.XMLSyntaxError:
        # It recovers from everything but a lack of memory.
        raise MemoryError from None
    # What is beyond a limit is cut off, and would pass for items that are gone.
    last = parser.error_log.last_error
    if last is not None and last.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT:
        raise ScrapeFailed(
            Reason.DECODE_ERROR, f"the HTML is nested deeper than {_MAX_DEPTH} levels, or has a text of more than 1 GB"
        )
    return etree.fromstring(_EMPTY, etree.HTMLParser()) if root is None else root


def _base_url(root: Any, url: str) -> str:
    href = next((found for base in root.iter("base") if (found := base.get("href")) is not None), "").strip()
    if not href:
        return url
    try:
        base = urljoin(url, href)
        return base if urlsplit(base).scheme in {"http", "https"} else url
    except ValueError:
        return url
