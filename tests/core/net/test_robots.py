import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.net.robots import MAX_BYTES, Rule, parse_robots

MAX_CRAWL_DELAY_SECONDS = 60.0

AGENT = "ExampleBot/1.0 (+https://example.org/bot)"


def allows(text, path, agent=AGENT):
    rule = parse_robots(text.encode(), agent).decisive_rule(path)
    return rule is None or rule.allows


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("", True),
        ("User-agent: *\nDisallow: /", False),
        ("User-agent: *\nDisallow:", True),
        ("User-agent: *\nDisallow: /shop", False),
        ("User-agent: *\nDisallow: /shopping", True),
        ("user-AGENT:*\ndisALLOW:/shop # all of it", False),
        ("User-agent: *\r\nDisallow: /shop\r\n", False),
        ("User-agent: *\rDisallow: /shop", False),
        ("\ufeffUser-agent: *\nDisallow: /shop", False),
        ("Disallow: /shop", True),
        ("User-agent: OtherBot\nDisallow: /", True),
        ("User-agent: examplebot\nDisallow: /", False),
        ("User-agent: ExampleBot/2.0\nDisallow: /", False),
        ("User-agent: Example\nDisallow: /", True),
        ("User-agent: *\nDisallow: /\nUser-agent: ExampleBot\nAllow: /", True),
        ("User-agent: *\nDisallow: /\nUser-agent: ExampleBot\nDisallow:", True),
        ("User-agent: OtherBot\nUser-agent: ExampleBot\nDisallow: /", False),
        ("User-agent: ExampleBot\nUser-agent: OtherBot\nDisallow: /", False),
        ("User-agent: ExampleBot\nAllow: /\nUser-agent: OtherBot\nDisallow: /", True),
        (
            "User-agent: ExampleBot\nAllow: /a\nUser-agent: OtherBot\nAllow: /\nUser-agent: ExampleBot\nDisallow: /",
            False,
        ),
        ("User-agent: ExampleBot\nSitemap: https://a.example/\nDisallow: /", False),
        ("User-agent: ExampleBot\nCrawl-delay: 1\nUser-agent: *\nDisallow: /", True),
        ("User-agent: *\nDisallow: /shop\nAllow: /shop/item", True),
        ("User-agent: *\nAllow: /shop/\nDisallow: /shop/item", False),
        ("User-agent: *\nDisallow: /shop/item\nAllow: /shop/item", True),
        ("User-agent: *\nDisallow: /*item", False),
        ("User-agent: *\nDisallow: /*?a=", False),
        ("User-agent: *\nDisallow: /*.php$", True),
        ("User-agent: *\nDisallow: /shop/item$", True),
        ("User-agent: *\nDisallow: /shop/item?a=1$", False),
        ("User-agent: *\nDisallow: /s*o*a=1$", False),
        ("User-agent: *\nDisallow: /s*o*a=2$", True),
        ("User-agent: *\nDisallow: *item", False),
        ("User-agent: *\nDisallow: /*item*item", True),
        ("User-agent: *\nDisallow: shop", True),
        ("User-agent: *\nDisallow: /SHOP", True),
        ("no colon\nUser-agent: *\nDisallow: /", False),
    ],
)
def test_the_longest_rule_of_our_groups_counts(text, allowed):
    assert allows(text, "/shop/item?a=1") is allowed


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("/ü", "/%C3%BC"),
        ("/%c3%bc", "/%C3%BC"),
        ("/%7Ea", "/~a"),
        ("/~a", "/%7ea"),
        ("/a%2Fb", "/a%2fb"),
        ("/a<b", "/a%3Cb"),
    ],
)
def test_escapes_are_compared_in_one_form(pattern, path):
    assert not allows(f"User-agent: *\nDisallow: {pattern}", path)


def test_an_escaped_slash_is_not_a_slash():
    assert allows("User-agent: *\nDisallow: /a/b", "/a%2Fb")


def test_robots_txt_itself_is_allowed():
    assert allows("User-agent: *\nDisallow: /", "/robots.txt")
    assert not allows("User-agent: *\nDisallow: /", "/robots.txt?x")


def test_a_rule_is_named_by_its_line():
    text = "# hello\n\nUser-agent: *\nDisallow: /a\n\nDisallow: /shop"
    rule = parse_robots(text.encode(), AGENT).decisive_rule("/shop/1")
    assert str(rule) == "line 6: Disallow: /shop"
    assert str(Rule(allows=True, pattern="/" + "x" * 100, number=1)) == "line 1: Allow: /" + "x" * 79


@pytest.mark.parametrize(
    ("lines", "delay"),
    [
        ("", 0),
        ("Crawl-delay: 2", 2),
        ("Crawl-delay: 0.5", 0.5),
        ("Crawl-delay: 1\nCrawl-delay: 3", 3),
        ("Crawl-delay: 86400", MAX_CRAWL_DELAY_SECONDS),
        ("Crawl-delay: -1", 0),
        ("Crawl-delay: inf", 0),
        ("Crawl-delay: 1e3", 0),
        ("Crawl-delay: " + "9" * 5000, 0),
        ("User-agent: OtherBot\nCrawl-delay: 9", 0),
    ],
)
def test_a_crawl_delay_is_read_within_bounds(lines, delay):
    assert parse_robots(f"User-agent: ExampleBot\nDisallow: /x\n{lines}".encode(), AGENT).crawl_delay == delay


def test_so_much_is_read_and_no_more():
    head = b"User-agent: *\nDisallow: /a\n#"
    content = head + b"x" * (500 * 1024 - len(head)) + b"\nDisallow: /b"
    rules = parse_robots(content, AGENT)
    assert rules.decisive_rule("/a") is not None
    assert rules.decisive_rule("/b") is None


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize(("bytes_of_rule", "allowed"), [(11, True), (12, True), (16, True), (17, False)])
def test_a_line_that_the_limit_cuts_does_not_count(bytes_of_rule, allowed, end):
    head, rule = b"User-agent: *" + end, b"Disallow: /otherx"
    padding = b"#" * (MAX_BYTES - len(head) - len(end) - bytes_of_rule)
    rules = parse_robots(head + padding + end + rule + end + b"Disallow: /", AGENT)
    assert (rules.decisive_rule("/otherx") is None) is allowed
    assert rules.decisive_rule("/page") is None


def test_a_single_line_that_is_too_long_has_no_rules():
    assert parse_robots(b"Disallow: /" + b"x" * MAX_BYTES, AGENT).decisive_rule("/x") is None


@pytest.mark.parametrize("agent", ["", "123", "(compatible)"])
def test_an_agent_without_a_token_is_under_the_rules_for_all(agent):
    assert not allows("User-agent: *\nDisallow: /", "/", agent)


@given(st.binary(max_size=300), st.text(max_size=50))
def test_any_bytes_can_be_read(content, agent):
    parse_robots(content, agent).decisive_rule("/a?b")


@given(st.text("ab*$/", min_size=1, max_size=8), st.text("ab/", max_size=10))
def test_patterns_mean_what_a_regular_expression_would(pattern, path):
    body = pattern.removesuffix("$")
    expression = ".*".join(map(re.escape, body.split("*"))) + ("$" if pattern.endswith("$") else "")
    expected = re.match(expression, "/" + path, re.DOTALL) is not None
    assert Rule(allows=False, pattern=pattern, number=1).matches("/" + path) is expected


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("/a*b$", "/ab", True),
        ("/a*a$", "/a", False),
        ("/a*a$", "/aa", True),
        ("/*ab*b$", "/ab", False),
        ("/*ab*b$", "/abb", True),
        ("/*ab*ba", "/aba", False),
    ],
)
def test_the_parts_of_a_pattern_do_not_overlap(pattern, path, matches):
    assert Rule(allows=False, pattern=pattern, number=1).matches(path) is matches


@pytest.mark.parametrize(("count", "has_many"), [(500, False), (501, True)])
def test_many_rules_are_work_for_a_thread(count: int, *, has_many: bool) -> None:
    lines = "".join(f"Disallow: /{number}\n" for number in range(count))
    assert parse_robots(f"User-agent: *\n{lines}".encode(), AGENT).has_many is has_many


def test_the_last_64_decisions_are_kept():
    rules = parse_robots(b"User-agent: *\nDisallow: /", AGENT)
    for number in range(65):
        assert rules.decisive_rule(f"/{number}") is not None
    rules.decisive_rule("/1")
    assert rules.decisive_rule.cache_info().hits == 1
    rules.decisive_rule("/0")
    assert rules.decisive_rule.cache_info().hits == 1
