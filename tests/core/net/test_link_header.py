"""The header Link (RFC 8288)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.net.link_header import find_link, parse_link_header


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ('</2>; rel="next"', "/2"),
        ("</2>; rel=next", "/2"),
        ('</2> ; REL = "Next"', "/2"),
        ('</1>; rel="prev", </3>; rel="next"', "/3"),
        ('</1>; rel=prev,</3>;rel=next;title="a, b; <c>"', "/3"),
        ('</1>; title="x, y; rel=next"; rel=prev, </3>; rel=next', "/3"),
        ('</3>; rel="prefetch next"', "/3"),
        ('</3>; rel="last"; rel="next"', None),
        ('</3>; rel="nextish"', None),
        ('</3>; rel=next; anchor="/x", </4>; rel=next', "/4"),
        ('</a?x=1,2;y>; rel="next"', "/a?x=1,2;y"),
        ('</3>; title="\\"; rel=next"; rel=prev', None),
        ('</3>; title="a\\""; rel=next', "/3"),
        ('</3>; title="a\\"b"; rel="n\\ext"', "/3"),
        ("<>; rel=next", ""),
        ("< /3 >; rel=next", "/3"),
        ("</a,>; rel=next", "/a,"),
        ("</1>, </3>; rel=next", "/3"),
        ("</1>; title=<, </3>; rel=next", "/3"),
        ("</3>", None),
        ("</3; rel=next", None),
        ("nothing", None),
        ("", None),
        ('</3>; rel="next', "/3"),
        (";,;</3>;;; rel=next ;", "/3"),
    ],
)
def test_the_first_link_of_a_relation_counts(header: str, target: str | None) -> None:
    assert find_link(header, "NEXT") == target


@given(st.text(alphabet='<>;,="\\ relnxt/', max_size=60))
def test_any_text_is_read_and_every_link_is_part_of_it(header: str) -> None:
    for link in parse_link_header(header):
        assert f"<{link.target}" in header or link.target == header[1:].strip() or link.target in header


def test_a_long_header_is_read_in_little_time() -> None:
    assert find_link('<a>; rel="x", ' * 20_000 + "</3>; rel=next", "next") == "/3"
    assert find_link("<" * 100_000, "next") is None
    assert find_link('</3>; rel="' + "x" * 100_000, "next") is None
