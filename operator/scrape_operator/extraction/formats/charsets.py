"""From bytes to text, as browsers decode them. Called by the readers of HTML, and of other text formats.

The labels are those of the Encoding Standard (encoding.spec.whatwg.org, 4.2): `iso-8859-1` means
windows-1252, and a label that it doesn't know, such as `utf-7`, names nothing.
"""

import codecs
from functools import cache
from typing import Final

import re2

from scrape_operator.extraction.selectors.regex import compile_for_bytes

_LABELS: Final = {
    "utf-8": "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8",
    "cp866": "866 cp866 csibm866 ibm866",
    "iso8859-2": "csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2",
    "iso8859-3": "csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3",
    "iso8859-4": "csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4",
    "iso8859-5": "csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988",
    "iso8859-6": "arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6 iso-8859-6-e "
    "iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987",
    "iso8859-7": "csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso8859-7 iso88597 iso_8859-7 "
    "iso_8859-7:1987 sun_eu_greek",
    "iso8859-8": "csiso88598e csiso88598i csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-8859-8-i iso-ir-138 "
    "iso8859-8 iso88598 iso_8859-8 iso_8859-8:1988 logical visual",
    "iso8859-10": "csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6",
    "iso8859-13": "iso-8859-13 iso8859-13 iso885913",
    "iso8859-14": "iso-8859-14 iso8859-14 iso885914",
    "iso8859-15": "csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9",
    "iso8859-16": "iso-8859-16",
    "koi8-r": "cskoi8r koi koi8 koi8-r koi8_r",
    "koi8-u": "koi8-ru koi8-u",
    "mac-roman": "csmacintosh mac macintosh x-mac-roman",
    "cp874": "dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874",
    "cp1250": "cp1250 windows-1250 x-cp1250",
    "cp1251": "cp1251 windows-1251 x-cp1251",
    "cp1252": "ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 "
    "iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252",
    "cp1253": "cp1253 windows-1253 x-cp1253",
    "cp1254": "cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 l5 latin5 "
    "windows-1254 x-cp1254",
    "cp1255": "cp1255 windows-1255 x-cp1255",
    "cp1256": "cp1256 windows-1256 x-cp1256",
    "cp1257": "cp1257 windows-1257 x-cp1257",
    "cp1258": "cp1258 windows-1258 x-cp1258",
    "mac-cyrillic": "x-mac-cyrillic x-mac-ukrainian",
    "gb18030": "chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk gb18030",
    "big5hkscs": "big5 big5-hkscs cn-big5 csbig5 x-x-big5",
    "euc_jp": "cseucpkdfmtjapanese euc-jp x-euc-jp",
    "iso2022_jp": "csiso2022jp iso-2022-jp",
    "cp932": "csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis",
    "cp949": "cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 "
    "windows-949",
    "utf-16-be": "unicodefffe utf-16be",
    "utf-16-le": "csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le",
}
_CODECS: Final = {label: codec for codec, labels in _LABELS.items() for label in labels.split()}
_FALLBACK: Final = "cp1252"
_MULTIBYTE: Final = frozenset(
    {"utf-8", "gb18030", "big5hkscs", "euc_jp", "iso2022_jp", "cp932", "cp949", "utf-16-be", "utf-16-le"}
)
_BOMS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

_PRESCAN: Final = 4096
"""Bytes in which a document may declare its encoding: HTML asks for 1024, pages in the wild need more."""

_COMMENT: Final = compile_for_bytes(rb"(?s)<!--.*?-->")
_META: Final = compile_for_bytes(rb"""(?is)<meta[\s/][^>]*?charset\s*=\s*["']?\s*([^\s"'/>;]+)""")
_XML_DECLARATION: Final = compile_for_bytes(rb"""(?s)^\s*<\?xml\s[^>]*?encoding\s*=\s*["']\s*([^\s"'>]+)""")
_HEADER: Final = re2.compile(r"""(?i);\s*charset\s*=\s*["']?\s*([^\s"';,]+)""")


def codec_of(label: str) -> str | None:
    """Give Python's codec for a label of the web; None for a label that names no encoding."""
    return _CODECS.get(label.strip("\t\n\f\r ").lower())


def decode(body: bytes, content_type: str) -> str:
    """Decode a document. Never fails: what is invalid in the encoding that applies becomes U+FFFD."""
    for bom, codec in _BOMS:
        if body.startswith(bom):
            return body[len(bom) :].decode(codec, "replace")
    header = _header_codec(content_type)
    if header and (text := _try(body, header)) is not None:
        return text
    declared = _declared_codec(body)
    if header:
        return _replacing(body, declared if declared and declared != header else header)
    if declared:
        return _replacing(body, declared)
    text = _try(body, "utf-8")
    return _replacing(body, _FALLBACK) if text is None else text


def _header_codec(content_type: str) -> str | None:
    found = _HEADER.search(content_type)
    return codec_of(found.group(1)) if found else None


def _declared_codec(body: bytes) -> str | None:
    head = body[:_PRESCAN]
    found = _XML_DECLARATION.search(head) or _META.search(_COMMENT.sub(b"", head))
    codec = codec_of(found.group(1).decode("latin-1")) if found else None
    # A document whose declaration can be read as ASCII is not in UTF-16 (HTML 13.2.3.2).
    return "utf-8" if codec in {"utf-16-le", "utf-16-be"} else codec


def _try(body: bytes, codec: str) -> str | None:
    """Decode, or give None where the bytes are invalid in the encoding."""
    if codec in _MULTIBYTE:
        try:
            return body.decode(codec)
        except UnicodeDecodeError:
            return None
    text = _replacing(body, codec)
    return None if "\ufffd" in text else text


def _replacing(body: bytes, codec: str) -> str:
    if codec in _MULTIBYTE:
        return body.decode(codec, "replace")
    return codecs.charmap_decode(body, "replace", _single_byte_table(codec))[0]


@cache
def _single_byte_table(codec: str) -> str:
    """Give the 256 characters of an encoding; its unassigned bytes 80 to 9F are C1 controls, as on the web."""
    return "".join(_character(byte, codec) for byte in range(256))


def _character(byte: int, codec: str) -> str:
    try:
        return bytes((byte,)).decode(codec)
    except UnicodeDecodeError:
        return chr(byte) if 0x80 <= byte <= 0x9F else "\ufffd"  # noqa: PLR2004 -- the C1 controls
