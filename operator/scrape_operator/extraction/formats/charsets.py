"""Bytes to text, as docs/extraction.md says under "Characters". Called by the readers of every text format.

Labels of encodings are those of the Encoding Standard (encoding.spec.whatwg.org, 4.2): `iso-8859-1` means
windows-1252, and a label that it doesn't know, such as `utf-7`, names nothing.
"""

import codecs
from functools import cache
from typing import Final

import re2
import webencodings

from scrape_operator.extraction.selectors.regex import compile_for_bytes

_FALLBACK: Final = "cp1252"
_MULTIBYTE: Final = frozenset(
    {"utf-8", "utf-16-le", "utf-16-be", "gb18030", "big5hkscs", "euc_jp", "iso2022_jp", "cp932", "cp949"}
)
_NO_ENCODINGS: Final = frozenset({"replacement", "x-user-defined"})
_BOMS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_CONTROLS: Final = range(0x80, 0xA0)
_UNDEFINED: Final = "\ufffe"
"""What `codecs.charmap_decode` takes for no character."""

_PRESCAN: Final = 4096
"""Bytes in which a document may declare its encoding: HTML asks for 1024, pages in the wild need more."""

_COMMENT: Final = compile_for_bytes(rb"(?s)<!--.*?-->")
_META: Final = compile_for_bytes(rb"""(?is)<meta[\s/][^>]*?charset\s*=\s*["']?\s*([^\s"'/>;]+)""")
_XML_DECLARATION: Final = compile_for_bytes(rb"""(?s)^\s*<\?xml\s[^>]*?encoding\s*=\s*["']\s*([^\s"'>]+)""")
_HEADER: Final = re2.compile(r"""(?i);\s*charset\s*=\s*["']?\s*([^\s"';,]+)""")


def codec_of(label: str) -> str | None:
    """Return Python's codec for a label of the web; None for a label that names no encoding."""
    encoding = webencodings.lookup(label)
    if encoding is None or encoding.name in _NO_ENCODINGS:
        return None
    # To the web gbk is the part of gb18030 that encoders use.
    return "gb18030" if encoding.name == "gbk" else str(encoding.codec_info.name)


def decode(body: bytes, content_type: str) -> str:
    """Decode a document. Never fails: what is invalid in the encoding that applies becomes U+FFFD."""
    codec, start = _find_codec(body, content_type)
    return _text(body[start:], codec, "replace")


def to_utf8(body: bytes, content_type: str) -> bytes:
    """Return a document in UTF-8, without byte order mark; the body itself where it is valid UTF-8."""
    codec, start = _find_codec(body, content_type)
    if codec == "utf-8" and _is_valid(body, codec):
        return body[start:]
    return _text(body[start:], codec, "replace").encode("utf-8", "replace")


def decode_strictly(body: bytes, codec: str) -> str:
    """Decode a document. Raises UnicodeDecodeError where it is invalid, by the tables of the web."""
    return _text(body, codec, "strict")


def header_codec(content_type: str) -> str | None:
    """Return the codec that a Content-Type names, None where it names none that is known."""
    found = _HEADER.search(content_type)
    return codec_of(found.group(1)) if found else None


def _find_codec(body: bytes, content_type: str) -> tuple[str, int]:
    """Return the codec that applies, and where the text begins."""
    for bom, codec in _BOMS:
        if body.startswith(bom):
            return codec, len(bom)
    header = header_codec(content_type)
    if header and _is_valid(body, header):
        return header, 0
    declared = _declared_codec(body) or header
    if declared is not None:
        return declared, 0
    return ("utf-8" if _is_valid(body, "utf-8") else _FALLBACK), 0


def _declared_codec(body: bytes) -> str | None:
    head = body[:_PRESCAN]
    found = _XML_DECLARATION.search(head) or _META.search(_COMMENT.sub(b"", head))
    codec = codec_of(found.group(1).decode("latin-1")) if found else None
    # A document whose declaration can be read as ASCII is not in UTF-16 (HTML 13.2.3.2).
    return "utf-8" if codec in {"utf-16-le", "utf-16-be"} else codec


def _is_valid(body: bytes, codec: str) -> bool:
    try:
        _text(body, codec, "strict")
    except UnicodeDecodeError:
        return False
    return True


def _text(body: bytes, codec: str, errors: str) -> str:
    table = _single_byte_table(codec)
    return body.decode(codec, errors) if table is None else codecs.charmap_decode(body, errors, table)[0]


@cache
def _single_byte_table(codec: str) -> str | None:
    """Return the 256 characters of an encoding, None for one with longer characters.

    Its unassigned bytes 80 to 9F are C1 controls, as on the web.
    """
    if codec in _MULTIBYTE:
        return None
    known = bytes(range(256)).decode(codec, "replace").replace("\ufffd", _UNDEFINED)
    return "".join(
        chr(byte) if character == _UNDEFINED and byte in _CONTROLS else character
        for byte, character in enumerate(known)
    )
