"""XML 1.0: bytes to an lxml tree. Made by `registry`.

Every document type declaration is cut off before the parser sees it. So no entity is ever declared: none is expanded,
none is fetched, and there is no entity bomb. A reference to one is left out, with a warning.
"""

from typing import Any, ClassVar, Final
from xml.parsers import expat

from lxml import etree

from scrape_operator.api.kinds.extract import Format
from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.extraction import Document
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.extraction.formats.charsets import to_utf8
from scrape_operator.extraction.formats.reader import Family, Page, ReaderOptions, Selector
from scrape_operator.extraction.selectors.css import compile_css
from scrape_operator.extraction.selectors.regex import compile_for_bytes
from scrape_operator.extraction.selectors.xpath import compile_xpath, count_nodes, lacks_memory

_COMMENT: Final = rb"<!--.*?-->"
_INSTRUCTION: Final = rb"<\?[A-Za-z_:\x80-\xff].*?\?>"
_QUOTED: Final = rb""""[^"]*"|'[^']*'"""
_SUBSET: Final = rb"""\[(?:%b|%b|%b|[^\]"'])*\]\s*""" % (_COMMENT, _INSTRUCTION, _QUOTED)
_DOCTYPE: Final = rb"""<!DOCTYPE(?:[^\[>"']|%b)*(?:%b)?>""" % (_QUOTED, _SUBSET)
_MISC: Final = rb"(?:\s|%b|%b)+" % (_COMMENT, _INSTRUCTION)
_DECLARATION: Final = rb"^<\?xml\s[^>]*>"
"""Also a malformed one ends at its first `>`, as libxml2 reads it."""

_PROLOG: Final = compile_for_bytes(rb"(?is)^(?:%b)?(?:%b|%b)*" % (_DECLARATION, _MISC, _DOCTYPE))
_PROLOG_PARTS: Final = compile_for_bytes(rb"(?is)(%b|%b)|(?:%b)+" % (_DECLARATION, _MISC, _DOCTYPE))
_LANGUAGE: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_UNDECLARED: Final = frozenset({etree.ErrorTypes.ERR_UNDECLARED_ENTITY, etree.ErrorTypes.WAR_UNDECLARED_ENTITY})
_WELL_FORMED: Final = frozenset(
    {etree.ErrorTypes.WAR_NS_URI, etree.ErrorTypes.DTD_ID_REDEFINED, etree.ErrorTypes.DTD_XMLID_VALUE}
)
"""What libxml2 reports as errors although the document is well-formed: about URIs of namespaces, and xml:id."""


class XMLReader:
    """Reads a well-formed document."""

    format: ClassVar = Format.XML
    is_bounded: ClassVar = True
    families: ClassVar = frozenset({Family.CSS, Family.XPATH})

    def __init__(self, options: ReaderOptions) -> None:
        self._namespaces = options.namespaces

    def compile(self, family: Family, text: str | int) -> Selector:
        """Compile a selector. Raises InvalidValue."""
        if family is Family.CSS:
            return compile_css(str(text), is_html=False, namespaces=self._namespaces)
        return compile_xpath(str(text), self._namespaces)

    def read(self, document: Document) -> Page:
        """Read a document.

        Raises:
            ScrapeFailed: DecodeError where it is not well-formed; the message says where.

        """
        root, warnings = parse_xml(document)
        return Page(
            root=root,
            nodes=(root,),
            size=count_nodes(root),
            base_url=document.url,
            is_clean=True,
            language=str(root.get(_LANGUAGE) or ""),
            warnings=warnings,
        )


def end_of_prolog(text: bytes) -> int:
    """Return where the first element of a document in UTF-8 begins, or where its prolog is malformed."""
    return int(_PROLOG.search(text).end())


def _without_doctypes(text: bytes) -> bytes:
    """Return a document in UTF-8 without document type declarations. Raises ScrapeFailed."""
    end = end_of_prolog(text)
    if text[end : end + 2] in {b"<!", b"<?"}:
        line = text.count(b"\n", 0, end) + 1
        raise _refused(f"line {line}: a declaration, comment or instruction before the first element is not closed")
    prolog = text[:end]
    kept = bytes(_PROLOG_PARTS.sub(_without_doctype, prolog))
    return text if kept == prolog else kept + memoryview(text)[end:]


def _without_doctype(parts: Any) -> bytes:
    """Return comments and processing instructions; of document type declarations only the line ends."""
    return bytes(parts[1] or b"\n" * parts[0].count(b"\n"))


def parse_xml(document: Document) -> tuple[Any, list[str]]:
    """Return the root element, and warnings for the user. Raises ScrapeFailed."""
    text = _without_doctypes(to_utf8(document.body, document.content_type).lstrip())
    parser = etree.XMLParser(
        encoding="utf-8", recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True
    )
    try:
        root = etree.fromstring(text, parser)
    except etree.XMLSyntaxError as error:
        if lacks_memory(error):
            raise MemoryError from None
        raise _refused(str(error)) from None
    _check(root, text, parser.error_log)
    undeclared = [fault.message for fault in parser.error_log if fault.type in _UNDECLARED]
    if not undeclared:
        return root, []
    _drop_entities(root)
    return root, [f"entities are not expanded, and references to them are left out: {undeclared[0]}"]


def _check(root: Any, text: bytes, log: Any) -> None:
    """Raise ScrapeFailed where a document is not well-formed, undeclared entities aside."""
    errors = [fault for fault in log if fault.level >= etree.ErrorLevels.ERROR]
    for fault in errors:
        if fault.type not in _UNDECLARED | _WELL_FORMED:
            raise _refused(f"line {fault.line}: {fault.message}")
    if root is None:
        raise _refused("it has no element")
    if errors:
        # Behind the first error libxml2 does not report that the document ends too early, behind 100 it reports none.
        _check_by_expat(text)


def _check_by_expat(text: bytes) -> None:
    """Raise ScrapeFailed where a document is not well-formed, undeclared entities and namespaces aside."""
    start = end_of_prolog(text)
    parser = expat.ParserCreate("utf-8")
    parser.UseForeignDTD(True)  # what is not declared might be there, and so is no error
    try:
        parser.Parse(memoryview(text)[start:], True)
    except expat.ExpatError as error:
        line = text.count(b"\n", 0, start) + error.lineno
        raise _refused(f"line {line}: {expat.ErrorString(error.code)}") from None


def _drop_entities(root: Any) -> None:
    """Take references to entities out, with the text after them kept."""
    kept: dict[tuple[Any, Any], list[str]] = {}
    for reference in list(root.iter(etree.Entity)):
        parent, tail = reference.getparent(), reference.tail or ""
        kept.setdefault((parent, reference.getprevious()), []).append(tail)
        reference.tail = None
        parent.remove(reference)
    # Each text is written once: very many references may stand in one.
    for (parent, previous), tails in kept.items():
        if previous is None:
            parent.text = (parent.text or "") + "".join(tails) or None
        else:
            previous.tail = (previous.tail or "") + "".join(tails)


def _refused(message: str) -> ScrapeFailed:
    return ScrapeFailed(Reason.DECODE_ERROR, f"the document can't be read as XML: {message}"[:300])
