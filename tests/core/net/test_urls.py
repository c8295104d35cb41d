from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.net.urls import (
    authority_of,
    check_http_url,
    origin_of,
    parse_http_url,
    requested_address,
    resolve_location,
    split_user_info,
    with_params,
    without_user_info,
)

ODD_HOSTS = [
    "0x7f.1",
    "0x7f000001",
    "0X7F.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "017700000001",
    "0177.0.0.1",
    "127.0.0.01",
    "127.0.0.1.",
    "127.0.0.0x",
    "1.2.3.4.5",
    "256.1.1.1",
    "example.com.",
    "example..com",
    ".example.com",
    "%31%32%37.0.0.1",
    "exam%70le.com",
    "127。0。0。1",
    "①②⑦.0.0.1",
    "\uff11\uff12\uff17.0.0.1",
    "0\uff587f.1",
    "-example.com",
    "example-.com",
    "a" * 64 + ".com",
    ".".join(["abcdefgh"] * 32),
    "ex*mple.com",
    "[fe80::1%25eth0]",
    "[fe80::1%eth0]",
    "[::1",
    "::1",
    "[::1]x",
    "[127.0.0.1]",
    "[v1.fe]",
    "[]",
    "",
    ":80",
    "user@example.com",
    "user:password@example.com",
    "example.com@127.0.0.1",
    "example.com:",
    "example.com:0",
    "example.com:080",
    "example.com:65536",
    "example.com:٨٠",
    "example.com:80:80",
    "example.com:-1",
    "☃\u200b.com",
    "xn--\u00fc.com",
]


@pytest.mark.parametrize("host", ODD_HOSTS, ids=ascii)
def test_an_odd_host_is_refused(host):
    with pytest.raises(InvalidValue):
        check_http_url(f"http://{host}/path")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com",
        "//example.com/",
        "/path",
        "http:example.com",
        "http:/example.com",
        "http:///path",
        "http://",
        "ftp://example.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "unix:///var/run/docker.sock",
        "http+unix://x/",
        " http://example.com/",
        "http://example.com/ ",
        "http://example.com/a b",
        "http://example.com/a\nb",
        "http://example.com/\x00",
        "http://example.com\\@evil.example/",
        "http://a[b]@",
        "http:\\\\example.com",
        "http://example.com/\u2028",
        "http://example.com/\ud800",
        "ht\ttp://example.com/",
        "http://example.com/" + "a" * 2048,
    ],
    ids=ascii,
)
def test_what_is_no_http_address_is_refused(text):
    with pytest.raises(InvalidValue):
        check_http_url(text)


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("http://example.com", "http://example.com/"),
        ("HTTPS://Example.COM:443/A#part", "https://example.com/A"),
        ("http://example.com:8080?q=1#", "http://example.com:8080/?q=1"),
        ("https://example.com:80/", "https://example.com:80/"),
        ("http://example.com:65535/", "http://example.com:65535/"),
        ("http://BÜCHER.example/", "http://xn--bcher-kva.example/"),
        ("http://bücher.example/ü?ä=ö", "http://xn--bcher-kva.example/%C3%BC?%C3%A4=%C3%B6"),
        ("http://日本。example/", "http://xn--wgv71a.example/"),
        ("http://my_service.ns.svc/", "http://my_service.ns.svc/"),
        ("http://localhost/", "http://localhost/"),
        ("http://192.0.2.1/", "http://192.0.2.1/"),
        ("http://[2001:DB8:0::1]:81/", "http://[2001:db8::1]:81/"),
        ("http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/"),
        ("http://1.2.3.4.example/", "http://1.2.3.4.example/"),
        ("http://0x7f.example/", "http://0x7f.example/"),
        ("http://e.example/%2f%2F%zz%7E?a=%20+b&c=%", "http://e.example/%2f%2F%zz%7E?a=%20+b&c=%"),
        ('http://e.example/{a}|"<>^`?[x]={y}', "http://e.example/%7Ba%7D%7C%22%3C%3E%5E%60?%5Bx%5D=%7By%7D"),
        ("http://e.example//a//../b", "http://e.example//a//../b"),
        ("http://e.example/?u=http://x@y/#z@q", "http://e.example/?u=http://x@y/"),
    ],
    ids=ascii,
)
def test_an_address_is_read_as_it_will_be_sent(text, sent):
    check_http_url(text)
    assert str(parse_http_url(text)) == sent


def test_a_host_may_have_253_characters():
    host = ".".join(["a" * 63] * 3 + ["b" * 61])
    assert parse_http_url(f"http://{host}/").raw_host == host
    assert len(host) == 253
    with pytest.raises(InvalidValue, match="not a DNS name"):
        parse_http_url(f"http://{host}b/")


def test_an_address_of_2048_characters_is_allowed():
    check_http_url("http://e.example/".ljust(2048, "a"))
    with pytest.raises(InvalidValue, match="has 2049 characters"):
        check_http_url("http://e.example/".ljust(2049, "a"))


def test_a_refusal_never_shows_the_address():
    with pytest.raises(InvalidValue) as refusal:
        check_http_url("http://user:hunter2@example.com/?token=hunter2")
    assert "hunter2" not in str(refusal.value)
    assert "auth" in str(refusal.value)


def test_params_are_appended_percent_encoded():
    url = parse_http_url("http://e.example/a?x=1")
    assert str(with_params(url, [("q", "a b&c"), ("ü", "")])) == "http://e.example/a?x=1&q=a%20b%26c&%C3%BC="
    assert str(with_params(parse_http_url("http://e.example/a"), [("q", "+")])) == "http://e.example/a?q=%2B"
    assert str(with_params(parse_http_url("http://e.example/a?"), [("q", "1")])) == "http://e.example/a?q=1"
    escaped = parse_http_url("http://e.example/%7Ea?b=%41")
    assert str(with_params(escaped, [("q", "~")])) == "http://e.example/%7Ea?b=%41&q=~"
    assert with_params(url, []) is url


@pytest.mark.parametrize(
    ("text", "requested"),
    [("HTTP://E.example?a=1", "http://e.example/?a=1&q=%2B"), ("http://e.example/a b", "http://e.example/a b")],
)
def test_a_requested_address_is_the_one_that_is_sent_or_the_text_that_is_refused(text, requested):
    assert requested_address(text, [("q", "+")]) == requested


@pytest.mark.parametrize(
    ("text", "bare", "pair"),
    [
        ("http://proxy.example:8080", "http://proxy.example:8080", None),
        ("http://me:p@ss@proxy.example:8080", "http://proxy.example:8080", "me:p@ss"),
        ("http://@proxy.example", "http://proxy.example", ""),
    ],
)
def test_the_user_of_a_proxy_is_split_from_its_address(text, bare, pair):
    assert split_user_info(text) == (bare, pair)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://e.example/a@b", "http://e.example/a@b"),
        ("http://me:p@ss@e.example/a", "http://e.example/a"),
        ("http://me@e.example//you@f.example", "http://e.example//you@f.example"),
        ("no address //me@x", "no address //x"),
    ],
)
def test_an_address_is_shown_without_its_user(text, shown):
    assert without_user_info(text) == shown


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/b", "http://e.example:81/b"),
        ("b?x=1#part", "http://e.example:81/a/b?x=1"),
        ("?y", "http://e.example:81/a/page?y"),
        ("../c", "http://e.example:81/c"),
        ("//other.example/x", "http://other.example/x"),
        ("https://other.example", "https://other.example/"),
        (" /with space ", "http://e.example:81/with%20space"),
        ("/ü", "http://e.example:81/%C3%BC"),
        ("", "http://e.example:81/a/page?q=1"),
    ],
    ids=ascii,
)
def test_a_location_is_resolved_against_the_address_that_sent_it(location, target):
    assert str(resolve_location(parse_http_url("http://e.example:81/a/page?q=1"), location)) == target


@pytest.mark.parametrize(
    "location",
    [
        "ftp://e.example/",
        "file:///etc/passwd",
        "http://0x7f.1/",
        "//127.1/",
        "//e.example:x/",
        "//e.example:99999/",
        "//:80/",
        "//a[b]@/",
        "http://a[b]@",
        "//[::1/",
        "http://[::1/",
        "data:,x",
        "/a\r\nb",
        "\\\\evil.example\\",
        "http://user:pw@e.example/",
        "http://",
        "http:",
        "/" + "a" * 8192,
        "javascript:alert(1)",
    ],
    ids=lambda location: ascii(location[:40]),
)
def test_a_location_that_leads_nowhere_is_refused(location):
    with pytest.raises(InvalidValue):
        resolve_location(parse_http_url("http://e.example/"), location)


PARTS = ("http:", "//", "/", ":", "@", "[", "]", "::1", "e.example", "80", "x", "%", "?", "#", ".", "xn--", "é")
"""Of these, yarl makes addresses whose parts it can't read."""


def test_an_origin_is_scheme_host_and_port():
    origins = {
        origin_of(parse_http_url(text))
        for text in ("http://E.example/a", "http://e.example:80/b", "https://e.example/", "http://e.example:81/")
    }
    assert origins == {("http", "e.example", 80), ("https", "e.example", 443), ("http", "e.example", 81)}


@given(st.text(max_size=80) | st.from_regex(r"https?://[a-z0-9.@:\[\]%\\x-]{0,40}(/.{0,20})?", fullmatch=True))
def test_what_is_taken_reads_the_same_again_and_to_others(text):
    try:
        url = parse_http_url(text)
    except InvalidValue:
        return
    assert parse_http_url(str(url)) == url
    other = urlsplit(str(url))
    assert (other.scheme, other.hostname, other.username) == (url.scheme, url.raw_host, None)
    assert str(url).isascii()


@given(st.text(max_size=60) | st.lists(st.sampled_from(PARTS), max_size=8).map("".join))
def test_any_location_gives_an_address_or_a_refusal(location):
    base = parse_http_url("http://e.example/a?b")
    try:
        assert isinstance(resolve_location(base, location), URL)
    except InvalidValue:
        return


@pytest.mark.parametrize(
    ("text", "authority"),
    [
        ("http://E.example:80/a", "e.example"),
        ("https://e.example:80/", "e.example:80"),
        ("http://[2001:db8::1]/", "[2001:db8::1]"),
        ("http://[2001:db8::1]:81/", "[2001:db8::1]:81"),
    ],
)
def test_an_authority_names_the_port_where_it_is_not_the_usual_one(text, authority):
    assert authority_of(parse_http_url(text)) == authority


def test_a_hop_may_have_so_many_characters():
    assert str(parse_http_url("http://e.example/".ljust(8192, "a"))).endswith("a")
    with pytest.raises(InvalidValue, match="8193"):
        parse_http_url("http://e.example/".ljust(8193, "a"))


def test_a_redirect_may_lead_to_an_address_of_8192_characters() -> None:
    base, location = parse_http_url("http://e.example/"), "http://e.example/".ljust(8192, "a")
    assert str(resolve_location(base, location)) == location
    with pytest.raises(InvalidValue, match="longer than 8192"):
        resolve_location(base, f"{location}a")
