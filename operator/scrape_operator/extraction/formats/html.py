"""HTML: bytes to an lxml tree. Made by `registry`."""

from collections.abc import Iterator
from itertools import groupby
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
        language = str(_LANGUAGE(root)).strip()
        _move_rest_into_body(root)
        return Page(
            root=root,
            nodes=(root,),
            size=count_nodes(root),
            base_url=_base_url(root, document.url),
            is_clean=True,
            language=language,
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


def _move_rest_into_body(root: Any) -> None:
    """Move what stands behind `</html>` to the end of the body, as browsers do.

    libxml2 makes further `html` elements of it beside the root, where selectors that begin at the root do not look.
    """
    rests = list(root.itersiblings("html"))
    if not rests:
        return
    body = next((found for top in (root, *rests) for found in top.iterchildren("body")), None)
    body = etree.SubElement(root, "body") if body is None else body
    if body.getparent() is not root:
        root.append(body)
    contents = (part for rest in rests for part in _contents(rest))
    for are_texts, parts in groupby(contents, key=lambda part: isinstance(part, str)):
        if are_texts:
            _append_text(body, "".join(parts))
        else:
            body.extend(parts)
    for rest in rests:
        root.append(rest)  # an element beside the root has no parent that could remove it
        root.remove(rest)


def _contents(rest: Any) -> Iterator[Any]:
    """Yield the texts and elements of a further `html` element, those of its head and body in their place."""
    yield rest.text or ""
    for child in list(rest):
        if child.tag in {"head", "body"}:
            yield child.text or ""
            yield from list(child)
            yield child.tail or ""
        else:
            yield child


def _append_text(element: Any, text: str) -> None:
    last = next(element.iterchildren(reversed=True), None)
    if last is None:
        element.text = (element.text or "") + text
    else:
        last.tail = (last.tail or "") + text


def _base_url(root: Any, url: str) -> str:
    href = next((found for base in root.iter("base") if (found := base.get("href")) is not None), "").strip()
    if not href:
        return url
    try:
        base = urljoin(url, href)
        return base if urlsplit(base).scheme in {"http", "https"} else url
    except ValueError:
        return url
