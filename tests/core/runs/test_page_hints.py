"""What a page without items looks like."""

import pytest

from scrape_operator.core.runs.page_hints import page_hint

EXAMINED_BYTES = 262_144


def titled(title: str, body: str = "") -> bytes:
    return f"<html><head><title>{title}</title></head><body>{body}</body></html>".encode()


@pytest.mark.parametrize(
    ("page", "hint"),
    [
        (titled("Sign in - Shop"), "The page looks like a login page, titled 'Sign in - Shop'"),
        (titled("Anmelden"), "The page looks like a login page, titled 'Anmelden'"),
        (titled("Shop", "<input name=p type='password'>"), "The page looks like a login page, titled 'Shop'"),
        (b"<form><input type=password></form>", "The page looks like a login page"),
        (titled("Before you continue"), "The page looks like a consent dialog, titled 'Before you continue'"),
        (titled("Just a moment..."), "The page looks like a bot check, titled 'Just a moment...'"),
        (titled("404 Not Found"), "The page looks like an error page, titled '404 Not Found'"),
        (
            titled("Site is down for  \n maintenance"),
            "The page looks like an error page, titled 'Site is down for maintenance'",
        ),
        (titled("All lamps"), "The page is titled 'All lamps'"),
        (titled("x" * 300), f"The page is titled '{'x' * 80}'"),
        (b"<p>nothing", ""),
        (b"", ""),
        (b'{"data": []}', ""),
        (b"\xff\xfe\x00" * 100, ""),
        (b" " * EXAMINED_BYTES + titled("Sign in"), ""),
    ],
)
def test_a_page_is_known_by_its_title_and_forms(page: bytes, hint: str) -> None:
    assert page_hint(page) == hint


@pytest.mark.parametrize("page", [b"<title", b"<title>" * 100_000, b"<input " * 50_000, b"<input type " * 20_000])
def test_a_hostile_page_takes_little_time(page: bytes) -> None:
    assert page_hint(page) == ""


@pytest.mark.parametrize(
    ("size", "hint"), [(EXAMINED_BYTES, "The page looks like a login page"), (EXAMINED_BYTES + 1, "")]
)
def test_only_the_first_256_kib_of_a_page_are_looked_at(size: int, hint: str) -> None:
    assert page_hint(b"<input type=password".rjust(size)) == hint
