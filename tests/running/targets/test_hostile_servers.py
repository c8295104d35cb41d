"""Servers that break, bend or stretch HTTP, met by a whole target over real sockets.

Each case is what a server sends, and the reason that its run has. Where RFC 9110 and 9112 leave a choice, the stricter
one counts for framing, and the one of browsers for the rest.
"""

import asyncio
import gzip
import zlib

import pytest

from scrape_operator.core.runs.reasons import Reason
from tests.fetching.servers import ok, serving
from tests.running.targets.conftest import Scraping

PAGE = b"<p>hello</p>"
LENGTH = "Content-Length: 12"
CHUNKED = "Transfer-Encoding: chunked"
EXTRACT = {"format": "HTML", "items": {"css": "p"}, "fields": [{"name": "text", "css": "::text"}]}
FINE, BROKEN = Reason.SUCCEEDED, Reason.PROTOCOL_ERROR
TWO_PAGES = {"pageParam": {"name": "page"}, "maxPages": 2}


def answer(*lines: str, body: bytes = PAGE, status: str = "HTTP/1.1 200 OK") -> bytes:
    return "\r\n".join((status, "Content-Type: text/html", *lines, "", "")).encode("latin-1") + body


async def reason(scrape: Scraping, sent: bytes, **options: object) -> Reason:
    async def handle(head: bytes, writer: asyncio.StreamWriter) -> None:
        if b" /robots.txt " in head:
            writer.write(ok(status="404 Not Found"))
            return
        writer.write(sent)
        await writer.drain()
        writer.close()

    async with serving(handle) as server:
        result = await scrape(f"{server.url}/page", **{"extract": EXTRACT, **options})
    assert bool(result.items) is (result.reason is FINE)
    return result.reason


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("HTTP/1.1 200", FINE),
        ("HTTP/1.1 200 ", FINE),
        ("HTTP/1.0 200 OK", FINE),
        ("HTTP/1.1 299 Fine", FINE),
        ("HTTP/1.1 200 \xe9t\xe9", FINE),
        ("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK", FINE),
        ("HTTP/1.1 102 Wait\r\n\r\n" * 17 + "HTTP/1.1 200 OK", BROKEN),
        ("HTTP/1.1 600 Odd", Reason.HTTP_STATUS),
        ("HTTP/1.1 999 Denied", Reason.HTTP_STATUS),
        ("HTTP/1.1 2000 OK", BROKEN),
        ("HTTP/1.1 20x OK", BROKEN),
        ("HTTP/1.1 -200 OK", BROKEN),
        ("HTTP/1.1\t200 OK", BROKEN),
        ("HTTP/9.9 200 OK", BROKEN),
        ("HTTP/2 200 OK", BROKEN),
        ("http/1.1 200 OK", BROKEN),
        ("ICY 200 OK", BROKEN),
        (" HTTP/1.1 200 OK", BROKEN),
        ("<p>hello</p>", BROKEN),
        ("HTTP/1.1 200 " + "x" * 20_000, BROKEN),
    ],
    ids=ascii,
)
async def test_status_lines(scrape: Scraping, line: str, expected: Reason):
    assert await reason(scrape, answer(LENGTH, status=line)) is expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("X: folded\r\n line", FINE),
        ("X:", FINE),
        ("X: \xe9\xff", FINE),
        ("X: " + "y" * 16_000, FINE),
        ("Upgrade: h2c\r\nConnection: Upgrade", FINE),
        ("Keep-Alive: timeout=-1, max=99999999999999999999", FINE),
        ("Refresh: 0; url=/elsewhere", FINE),
        ("no colon", BROKEN),
        (" X: folded at first", BROKEN),
        ("X : space before the colon", BROKEN),
        ("X: \0", BROKEN),
        ("X\0: y", BROKEN),
        ("X: a\rb", BROKEN),
        (": no name", BROKEN),
        ("X(a): y", BROKEN),
        ("X: " + "y" * 17_000, BROKEN),
        ("X" * 17_000 + ": y", BROKEN),
        ("\r\n".join(f"X-{number}: y" for number in range(260)), BROKEN),
    ],
    ids=lambda value: ascii(value)[:40],
)
async def test_headers(scrape: Scraping, header: str, expected: Reason):
    assert await reason(scrape, answer(LENGTH, header)) is expected


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (" 12 ", FINE),
        ("0012", FINE),
        ("12, 12", BROKEN),
        ("12\r\nContent-Length: 12", BROKEN),
        ("12\r\nContent-Length: 13", BROKEN),
        ("12\r\nTransfer-Encoding: chunked", BROKEN),
        ("+12", BROKEN),
        ("-1", BROKEN),
        ("0x0c", BROKEN),
        ("1e1", BROKEN),
        ("12;", BROKEN),
        ("\xb9\xb2", BROKEN),
        ("", BROKEN),
        ("100", BROKEN),
        ("9" * 20, BROKEN),
        ("9" * 14, Reason.TOO_LARGE),
    ],
    ids=ascii,
)
async def test_lengths(scrape: Scraping, length: str, expected: Reason):
    assert await reason(scrape, answer(f"Content-Length: {length}")) is expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"000000c\r\n%s\r\n000\r\n\r\n", FINE),
        (b"C\r\n%s\r\n0\r\n\r\n", FINE),
        (b'c;a=b;c="d"\r\n%s\r\n0;x\r\n\r\n', FINE),
        (b"c  \r\n%s\r\n0\r\n\r\n", FINE),
        (b"c\r\n%s\r\n0\r\nX: y\r\nSet-Cookie: a=b\r\n\r\n", FINE),
        (b"c\r\n%s\r\n0\r\nContent-Length: 3\r\n\r\n", BROKEN),
        (b"c\r\n%s\r\n0\r\nno colon\r\n\r\n", BROKEN),
        (b"c\r\n%s\r\n0\r\n" + b"X: y\r\n" * 5000 + b"\r\n", BROKEN),
        (b"c\r\n%s\r\n", BROKEN),
        (b"c\r\n%s\r\n0\r\n", BROKEN),
        (b"c\r\n%s0\r\n\r\n", BROKEN),
        (b"5\r\n%s\r\n0\r\n\r\n", BROKEN),
        (b"\r\n%s\r\n0\r\n\r\n", BROKEN),
        (b"  c\r\n%s\r\n0\r\n\r\n", BROKEN),
        (b"0xc\r\n%s\r\n0\r\n\r\n", BROKEN),
        (b"+c\r\n%s\r\n0\r\n\r\n", BROKEN),
        (b"-c\r\n%s\r\n0\r\n\r\n", BROKEN),
        (b"0_c\r\n%s\r\n0\r\n\r\n", BROKEN),
        (b"c;a\nb\r\n%s\r\n0\r\n\r\n", BROKEN),
        (b"1000000000000000c\r\n%s", BROKEN),
        (b"ffffffffffffffff\r\n%s", BROKEN),
    ],
    ids=lambda value: ascii(value)[:40],
)
async def test_chunks(scrape: Scraping, body: bytes, expected: Reason):
    assert await reason(scrape, answer(CHUNKED, body=body.replace(b"%s", PAGE))) is expected


def zipped(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


ZIPPED = zipped(PAGE)


@pytest.mark.parametrize(
    ("coding", "body", "expected"),
    [
        ("GZIP ,", ZIPPED, FINE),
        ("gzip", ZIPPED + b"junk", FINE),
        ("gzip", zipped(b"") + ZIPPED, FINE),
        ("gzip, gzip", zipped(ZIPPED), FINE),
        ("deflate", zlib.compress(PAGE)[2:-4], FINE),
        ("none", PAGE, FINE),
        ("utf-8", PAGE, FINE),
        ("gzip", b"", Reason.EXPECTATION_FAILED),
        ("gzip", ZIPPED[:-8], Reason.DECODE_ERROR),
        ("gzip", ZIPPED[:-8] + bytes(8), Reason.DECODE_ERROR),
        ("gzip", PAGE, Reason.DECODE_ERROR),
        ("gzip", b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * 1_000_000, Reason.DECODE_ERROR),
        ("gzip, br, zstd, gzip", PAGE, Reason.DECODE_ERROR),
        ("aws-chunked", PAGE, Reason.DECODE_ERROR),
        ("gzip", zipped(bytes(2**26)), Reason.TOO_LARGE),
        ("gzip, gzip", zipped(zipped(bytes(2**26))), Reason.TOO_LARGE),
    ],
    ids=lambda value: ascii(value)[:20],
)
async def test_codings(scrape: Scraping, coding: str, body: bytes, expected: Reason):
    sent = answer(f"Content-Encoding: {coding}", f"Content-Length: {len(body)}", body=body)
    assert await reason(scrape, sent, http={"maxBodyBytes": "1Mi"}) is expected


@pytest.mark.parametrize(
    "location",
    [
        *(
            "",
            "#a",
            ".",
            "//",
            "http://",
            "http:/x",
            "http:///x",
            "/\xe9",
            "/%zz",
            "/a b",
            "/a\tb",
            "\\\\evil\\x",
            "x:",
        ),
        *("//a:x/", "//a:99999/", "//a[b]@/", "http://a[b]@", "http://[::1/", "http://127.0.0.1:1:1/", "http://127.1/"),
        *(
            "http://2130706433/",
            "http://0:1/",
            "http://u:p@127.0.0.1:1/",
            "http://127.0.0.1%00.example/",
            "http://a..b/",
        ),
        *(
            "ftp://127.0.0.1/",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "data:text/html,x",
            "mailto:a@b",
            "/" * 9000,
        ),
    ],
    ids=lambda value: ascii(value)[:40],
)
async def test_locations_that_lead_nowhere(scrape: Scraping, location: str):
    sent = answer(f"Location: {location}", "Content-Length: 0", body=b"", status="HTTP/1.1 302 Found")
    assert await reason(scrape, sent) is Reason.REDIRECT_ERROR


@pytest.mark.parametrize(
    "cookie",
    [
        *(
            "",
            "=",
            "=b",
            "a",
            ";;;",
            "a=\xe9",
            "\xe9=a",
            "a=\x01",
            "a=b,c=d",
            'a="b',
            'a="\\999"',
            "a(b=c",
            "$Version=1; a",
        ),
        *(f"a=b; Max-Age={age}" for age in ("9" * 30, "-9999999999", "soon", "1e400", "\xb2", '"60"')),
        "a=b; Expires=Fri, 99 Foo 99999 99:99:99 GMT",
        "a=b; Expires=Thu, 01 Jan 0001 00:00:00 GMT",
        "a=b; Expires=Fri, 31 Dec 9999 23:59:59 GMT",
        *("a=b; Domain=.", "a=b; Domain=\xff", "a=b; Path=x", "a=b; Path=\xe9", "a=b;" + "Path=/;" * 500),
        "a=" + "x" * 5000,
    ],
    ids=lambda value: ascii(value)[:40],
)
async def test_cookies(scrape: Scraping, cookie: str):
    assert await reason(scrape, answer(f"Set-Cookie: {cookie}", LENGTH), paginate=TWO_PAGES) is FINE


@pytest.mark.parametrize(
    "wait", ["-1", "9" * 5000, "1.5", "soon", "\xb2", "Fri, 31 Dec 9999 23:59:59 -2359", ""], ids=ascii
)
async def test_retry_after(scrape: Scraping, wait: str):
    sent = answer(f"Retry-After: {wait}", LENGTH, status="HTTP/1.1 429 Slow")
    assert await reason(scrape, sent) is Reason.RATE_LIMITED


@pytest.mark.parametrize(
    "link",
    [
        *("javascript:x", "//a:x/", "http://a[b]@", "http://[::1", "ftp://a.example/", "/" + "a" * 9000, "/\x01"),
    ],
    ids=lambda value: ascii(value)[:40],
)
@pytest.mark.parametrize("paginate", [{"nextLink": {"linkHeader": "next"}}, {"nextLink": {"css": "a::attr(href)"}}])
async def test_links_that_lead_nowhere_lose_no_item(scrape: Scraping, link: str, paginate: dict[str, object]):
    body = PAGE + b'<a href="%s">' % link.encode()

    async def handle(head: bytes, writer: asyncio.StreamWriter) -> None:
        is_robots = b" /robots.txt " in head
        page = ok(body, "Content-Type: text/html", f"Link: <{link}>; rel=next")
        writer.write(ok(status="404 Not Found") if is_robots else page)

    async with serving(handle) as server:
        result = await scrape(f"{server.url}/page", extract=EXTRACT, paginate=paginate)
    assert (result.reason, len(result.items)) == (Reason.EXTRACTION_ERROR, 1)


@pytest.mark.parametrize(
    "cursor", ['"%s"' % ("x" * 100_000), '"%s"' % ("\u2603" * 10_000)], ids=["long", "long when encoded"]
)
async def test_a_cursor_that_fits_into_no_address_is_the_pages_fault(scrape: Scraping, cursor: str):
    async def handle(head: bytes, writer: asyncio.StreamWriter) -> None:
        is_robots = b" /robots.txt " in head
        page = ok(f'{{"data": [{{"id": 1}}], "next": {cursor}}}'.encode(), "Content-Type: application/json")
        writer.write(ok(status="404 Not Found") if is_robots else page)

    async with serving(handle) as server:
        result = await scrape(
            f"{server.url}/page", paginate={"cursor": {"param": "from", "from": {"jmespath": "next"}}}
        )
    assert (result.reason, len(result.items)) == (Reason.EXTRACTION_ERROR, 1)
