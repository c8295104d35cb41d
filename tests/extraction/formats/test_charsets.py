import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.extraction.formats.charsets import codec_of, decode

META = b"<meta charset='%s'>"


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        pytest.param(
            codecs.BOM_UTF8 + b"\xc3\xa9", "text/html; charset=latin1", "\xe9", id="a BOM wins over the header"
        ),
        pytest.param(codecs.BOM_UTF16_LE + "é".encode("utf-16-le"), "", "é", id="UTF-16 by its BOM, little end first"),
        pytest.param(codecs.BOM_UTF16_BE + "é".encode("utf-16-be"), "", "é", id="UTF-16 by its BOM, big end first"),
        pytest.param(b"\xe9", "text/html; charset=ISO-8859-1", "é", id="the header"),
        pytest.param(b"\x80", "text/html; charset=iso-8859-1", "\u20ac", id="latin-1 means windows-1252"),
        pytest.param(b"\x81", 'text/html; charset="windows-1252"', "\x81", id="an unassigned byte is a control"),
        pytest.param(b"\xaa", "text/html; charset=windows-1253", "\ufffd", id="an unassigned byte beyond them is none"),
        pytest.param(META % b"koi8-r" + b"\xc1", "text/html", META.decode() % "koi8-r" + "\u0430", id="meta"),
        pytest.param(
            META % b"koi8-r" + b"\xe9", "text/html; charset=latin1", META.decode() % "koi8-r" + "é", id="both"
        ),
        pytest.param(
            META % b"koi8-r" + b"\xc1",
            "text/html; charset=utf-8",
            META.decode() % "koi8-r" + "\u0430",
            id="a wrong header",
        ),
        pytest.param(b"\xc1", "text/html; charset=utf-8", "\ufffd", id="a wrong header and nothing else"),
        pytest.param(b"\xc3\xa9", "text/html; charset=nonsense", "é", id="an unknown label says nothing"),
        pytest.param(b"\xc3\xa9", "", "é", id="UTF-8 where it is valid"),
        pytest.param(b"\xe9\x80", "", "é\u20ac", id="else windows-1252"),
        pytest.param(META % b"utf-16" + b"\xc3\xa9", "", META.decode() % "utf-16" + "é", id="meta can't say UTF-16"),
        pytest.param(
            b"<?xml version='1.0' encoding='koi8-r'?>\xc1",
            "",
            "<?xml version='1.0' encoding='koi8-r'?>\u0430",
            id="xml",
        ),
        pytest.param(
            b"<!--<meta charset=koi8-r>-->\xc3\xa9", "", "<!--<meta charset=koi8-r>-->é", id="not in a comment"
        ),
        pytest.param(
            b"<meta http-equiv=content-type content='text/html; charset=koi8-r'>\xc1",
            "",
            "<meta http-equiv=content-type content='text/html; charset=koi8-r'>\u0430",
            id="meta as a header",
        ),
    ],
)
def test_the_encoding_is_found_in_order(body: bytes, content_type: str, expected: str):
    assert decode(body, content_type) == expected


@pytest.mark.parametrize(
    ("label", "body", "expected"),
    [
        ("gb2312", "\u20ac\u4e00".encode("gb18030"), "\u20ac\u4e00"),
        ("shift_jis", "\u2460".encode("cp932"), "\u2460"),
        ("big5", "\u4e00".encode("big5"), "\u4e00"),
        ("euc-kr", "\uac02".encode("cp949"), "\uac02"),
        ("macintosh", b"\x8e", "é"),
        ("us-ascii", b"\x80", "\u20ac"),
        (" UTF8 ", b"\xc3\xa9", "é"),
        ("tis-620", b"\xa1", "\u0e01"),
    ],
)
def test_labels_mean_what_they_mean_on_the_web(label: str, body: bytes, expected: str):
    codec = codec_of(label)
    assert codec is not None
    assert (
        decode(body, f"text/html; charset={codec}" if codec == label else f"text/html;charset={label.strip()}")
        == expected
    )


@pytest.mark.parametrize(
    "label",
    ["utf-7", "zlib", "punycode", "idna", "unicode_escape", "hex", "", "rot13", "replacement", "x-user-defined"],
)
def test_what_is_no_encoding_of_the_web_is_unknown(label: str):
    assert codec_of(label) is None


@given(st.binary(max_size=200), st.sampled_from(["", "utf-8", "gb18030", "big5", "iso-2022-jp", "cp1253", "utf-16le"]))
def test_any_bytes_become_text_without_surrogates(body: bytes, label: str):
    decode(body, f"text/html; charset={label}").encode("utf-8")
