"""Documents that are costly or wrong to read: depth, entities, charsets. By name: format, content type, body."""

from collections.abc import Mapping

_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
_HTML = "text/html; charset=utf-8"
_JSON = "application/json"

DOCUMENTS: Mapping[str, tuple[str, str, bytes]] = {
    "html-deep": ("HTML", _HTML, b"<div>" * 200_000),
    "html-unclosed": ("HTML", _HTML, b"<b>x" * 300_000),
    "html-attributes": ("HTML", _HTML, b"<p " + b" ".join(b"a%d=1" % n for n in range(100_000)) + b">"),
    "html-entities": ("HTML", _HTML, b"<p>" + b"&amp;" * 400_000),
    "html-tables": ("HTML", _HTML, b"<table><tr><td>" * 20_000),
    "html-nul": ("HTML", _HTML, b"<p>\0</p>" * 100_000),
    "html-comment": ("HTML", _HTML, b"<!--" + b"-" * 2_000_000),
    "html-utf32": ("HTML", "text/html", "<p>ü</p>".encode("utf-32")),
    "html-utf7": ("HTML", "text/html; charset=utf-7", b"+ADw-script+AD4-"),
    "html-wrong-charset": ("HTML", "text/html; charset=shift_jis", bytes(range(128, 256)) * 1000),
    "xml-laughs": ("XML", "application/xml", f"<!DOCTYPE a [<!ENTITY l0 'ha'>{_LAUGHS}]><a>&l9;</a>".encode()),
    "xml-quadratic": (
        "XML",
        "application/xml",
        b'<!DOCTYPE a [<!ENTITY b "' + b"x" * 50_000 + b'">]><a>' + b"&b;" * 50_000 + b"</a>",
    ),
    "xml-external": ("XML", "application/xml", b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
    "xml-remote-dtd": ("XML", "application/xml", b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a/>'),
    "xml-deep": ("XML", "application/xml", b"<a>" * 100_000 + b"</a>" * 100_000),
    "xml-namespaces": (
        "XML",
        "application/xml",
        b"<a " + b" ".join(b'xmlns:n%d="u"' % n for n in range(20_000)) + b"/>",
    ),
    "json-deep": ("JSON", _JSON, b"[" * 1_000_000),
    "json-deep-objects": ("JSON", _JSON, b'{"a":' * 200_000),
    "json-nan": ("JSON", _JSON, b"[NaN, Infinity, -Infinity]"),
    "json-big-number": ("JSON", _JSON, b"[" + b"9" * 1_000_000 + b"]"),
    "json-exponent": ("JSON", _JSON, b"[1e999999999, -1E+308, 1e-999999]"),
    "json-duplicates": ("JSON", _JSON, b"{" + b",".join([b'"a":1'] * 200_000) + b"}"),
    "json-surrogates": ("JSON", _JSON, b'["\\ud800", "\\udfff\\ud800"]'),
    "json-wide": ("JSON", _JSON, b"[" + b",".join([b"[]"] * 500_000) + b"]"),
    "ndjson-one-line": ("NDJSON", "application/x-ndjson", b'{"a":"' + b"x" * 4_000_000 + b'"}'),
    "ndjson-lines": ("NDJSON", "application/x-ndjson", b"{}\n" * 300_000),
    "csv-columns": ("CSV", "text/csv", b",".join(b"c%d" % n for n in range(200_000)) + b"\n1\n"),
    "csv-quote": ("CSV", "text/csv", b'a,b\n"' + b"x\n" * 1_000_000),
    "csv-nul": ("CSV", "text/csv", b"a\0b,c\n" * 100_000),
    "feed-entries": ("Feed", "application/rss+xml", b"<rss><channel>" + b"<item><title>t</title></item>" * 50_000),
    "feed-nothing": ("Feed", "application/rss+xml", b"<html>no feed</html>"),
    "jsonld-scripts": ("JSONLD", _HTML, b'<script type="application/ld+json">{"a":[' * 3000),
    "jsonld-context": (
        "JSONLD",
        _HTML,
        b'<script type="application/ld+json">{"@context":"http://127.0.0.1:1/"}</script>',
    ),
    "text-long": ("Text", "text/plain", b"a" * 5_000_000),
    "text-lines": ("Text", "text/plain", b"price: 1\n" * 300_000),
}
