import json
from base64 import b64encode, urlsafe_b64encode
from html import escape
from urllib.parse import quote, quote_plus

import pytest

from scrape_operator.core.masking import Mask

SECRET = 'hunter2 <"&/é?>'


@pytest.fixture
def mask():
    one = Mask()
    one.add(SECRET)
    return one


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe="").lower(),
        quote_plus(SECRET),
        escape(SECRET),
        json.dumps({"a": SECRET}),
        json.dumps({"a": SECRET}, ensure_ascii=False).replace("/", r"\/"),
    ],
)
def test_each_form_of_a_secret_is_masked(mask, text):
    assert "hunter2" in text
    assert "hunter2" not in mask.text(text)
    assert b"hunter2" not in mask.content(text.encode())
    assert len(mask.content(text.encode())) == len(text.encode())
    assert "h\0u\0n" not in mask.content(text.encode("utf-16-le")).decode("latin-1")


FORMS = (
    SECRET,
    quote(SECRET),
    quote_plus(SECRET),
    escape(SECRET),
    escape(SECRET, quote=False),
    escape(SECRET).replace("&quot;", "&#34;"),
    json.dumps(SECRET)[1:-1],
    json.dumps(SECRET, ensure_ascii=False)[1:-1],
)


@pytest.mark.parametrize("form", FORMS)
def test_a_form_is_masked_from_its_first_character_to_its_last(mask, form):
    masked = mask.text(f"[{form}]")
    assert set(masked[1:-1]) == {"*"}


@pytest.mark.parametrize("before", ["", "a", "ab", "abc:", "user:"])
@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
def test_base64_is_masked_at_any_offset(mask, before, encode):
    masked = mask.text(encode(f"{before}{SECRET}!".encode()).decode())
    assert masked.count("*") >= 16


@pytest.mark.parametrize(("secret", "masked"), [("secret", 8), ("secret2", 8), ("secret22", 8), ("secret222", 12)])
def test_base64_is_masked_to_the_last_character_that_is_always_the_same(secret, masked):
    mask = Mask()
    mask.add(secret)
    encoded = b64encode(secret.encode()).decode()
    assert mask.text(encoded) == "*" * masked + encoded[masked:]


def test_what_holds_no_secret_is_the_same_object(mask):
    text, content = "hunter", b"hunter\0"
    assert mask.text(text) is text
    assert mask.content(content) is content
    assert Mask().content(content) is content


def test_values_are_masked_at_any_depth(mask):
    values = [{"a": [{"b": f"x{SECRET}"}, 1, None, True]}, {"c": 2**70}]
    assert mask.values(values) == [{"a": [{"b": "x" + "*" * 16}, 1, None, True]}, {"c": 2**70}]


@pytest.mark.parametrize("text", [SECRET, json.dumps(SECRET), f"\\{SECRET}", escape(SECRET), quote(SECRET)])
def test_each_form_is_found_in_values(mask, text):
    assert "hunter2" not in mask.values([{"a": text}])[0]["a"]


def test_values_without_a_secret_are_the_same_object(mask):
    values = [{"a": "hunter"}, SECRET[1:], SECRET[:-1]]
    assert mask.values(values) is values
    assert Mask().values(values) is values


@pytest.mark.parametrize(
    ("text", "expected"), [("is 'hunter2 <…'", "is '*********…'"), ("hunter", "******"), ("hun", "hun")]
)
def test_the_beginning_of_a_secret_is_masked_in_messages(mask, text, expected):
    assert mask.message(text) == expected
    assert mask.text(text) == text


def test_a_secret_that_another_one_begins_with_leaves_nothing_of_the_other():
    mask = Mask()
    for secret in ("secret1", "secret123", "secret12"):
        mask.add(secret)
    assert mask.text("secret1 secret12 secret123") == "******* ******** *********"


def test_a_short_text_is_no_secret():
    mask = Mask()
    mask.add("12345")
    assert not mask
    assert mask.message("12345") == "12345"


@pytest.mark.parametrize("count", [20, 40])
def test_asterisks_as_a_secret_end(count):
    mask = Mask()
    mask.add("*" * 8)
    assert mask.message("*" * count) == "*" * count


def test_a_text_of_six_characters_is_a_secret():
    mask = Mask()
    mask.add("123456")
    assert mask.text("a 123456") == "a ******"
    assert mask.values(["123456"]) == ["******"]
