"""Whatever was scraped, the database takes it, and gives back the same but for what it can't hold."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.storage.engine.cleaning import clean_text, dump_json

TEXT = st.text(st.characters(exclude_categories=[]) | st.sampled_from('\0\ud800\udfff\\u"'))
NUMBERS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(NUMBERS | TEXT, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=10)
JSON_WITHOUT_TEXT = st.recursive(
    NUMBERS, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("abc"), inner), max_leaves=10
)


@given(TEXT)
def test_clean_text_is_utf8_without_nul(text: str) -> None:
    clean = clean_text(text)
    assert "\0" not in clean
    clean.encode()
    assert len(clean) == len(text)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_text_that_is_clean_stays_as_it_is(text: str) -> None:
    assert clean_text(text) == text


@given(JSON)
def test_json_is_written_without_what_can_not_be_stored(value: object) -> None:
    written = dump_json(value)
    written.encode()
    assert not re.search(r"(?<!\\)(\\\\)*\\u0000", written)
    json.dumps(json.loads(written), ensure_ascii=False).encode()


@given(JSON_WITHOUT_TEXT)
def test_numbers_and_structure_come_back_as_they_were(value: object) -> None:
    assert json.loads(dump_json(value)) == value


@pytest.mark.parametrize(
    ("value", "written"),
    [
        pytest.param("a\0b", '"a\\ufffdb"', id="nul"),
        pytest.param("a\\u0000b", '"a\\\\u0000b"', id="the six characters of an escaped nul"),
        pytest.param("\\\0", '"\\\\\\ufffd"', id="a backslash before nul"),
        pytest.param("\ud800", '"\\ufffd"', id="high surrogate"),
        pytest.param("\udc00\ud800", '"\\ufffd\\ufffd"', id="halves the wrong way round"),
        pytest.param("\ud800☃😀", '"\\ufffd\\u2603\\ud83d\\ude00"', id="a lone half and a pair"),
        pytest.param(2**70, "1180591620717411303424", id="beyond 64 bits"),
        pytest.param({"\0": 1}, '{"\\ufffd":1}', id="name"),
        pytest.param({"a": [1, 2.5, None, True]}, '{"a":[1,2.5,null,true]}', id="ordinary"),
    ],
)
def test_what_is_written(value: object, written: str) -> None:
    assert dump_json(value) == written


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(TypeError):
        dump_json({"a": object()})
