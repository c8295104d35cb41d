import codecs
from collections.abc import Callable
from typing import Any

import pytest

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.extraction import PageExtraction
from scrape_operator.core.runs.reasons import Reason

Read = Callable[..., PageExtraction]
SHOP = """{"items": [{"id": 1, "price": 2.90, "tags": ["a", "", null, "b"], "seller": {"name": "Ann"}}, null,
 {"id": 2, "price": 10}], "by_name": {"z": {"id": 26}, "a": {"id": 1}}}"""


def read_json(read: Read, body: str | bytes, *fields: dict[str, Any], **extract: Any) -> PageExtraction:
    return read(body, *fields, content_type="application/json", **extract)


@pytest.mark.parametrize("exact", [False, True], ids=["fast", "digits as written"])
@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ("items", [1, 2]),
        ("items[*]", [1, 2]),
        ("items[?price > `5`]", [2]),
        ("items[?price == `2.9`]", [1]),
        ("sort_by(items[*], &price)[::-1]", [2, 1]),
        ("values(by_name)", [26, 1]),
        ("by_name.z", [26]),
        ("nothing", []),
        ("items[0]", [1]),
    ],
)
def test_an_items_selector_gives_a_node_for_each_member(read: Read, items: str, expected: list[int], exact: bool):
    others = [{"jmespath": "price", "type": "Decimal"}] if exact else []
    found = read_json(read, SHOP, {"jmespath": "id", "type": "Integer"}, *others, items={"jmespath": items})
    assert [item["f0"] for item in found.items] == expected


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ({"jmespath": "price", "type": "Decimal"}, ["2.90", "10"]),
        ({"jmespath": "tags", "many": True}, [["a", "b"], []]),
        ({"jmespath": "tags"}, ["a", None]),
        ({"jmespath": "tags", "type": "JSON"}, [["a", "", None, "b"], None]),
        ({"jmespath": "seller.name"}, ["Ann", None]),
        ({"jmespath": "seller"}, ['{"name":"Ann"}', None]),
        ({"jmespath": "seller", "type": "JSON"}, [{"name": "Ann"}, None]),
        ({"jmespath": "id", "regex": "[0-9]"}, ["1", "2"]),
        ({"jmespath": "length(tags || `[]`)", "type": "Integer"}, [4, 0]),
        ({"jmespath": "sum([price, id])", "type": "Number"}, [3.9, 12]),
    ],
    ids=str,
)
def test_a_selector_gives(read: Read, field: dict[str, Any], expected: list[Any]):
    assert [item["f0"] for item in read_json(read, SHOP, field, items={"jmespath": "items"}).items] == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [('[null, "", " ", "x", "y"]', "x"), ('["", null]', ""), ("[null, null]", None), ('[0, "x"]', "0"), ("[]", None)],
)
def test_of_a_list_the_first_value_that_is_not_empty_counts(read: Read, found: str, expected: str | None):
    assert read_json(read, f'{{"a": {found}}}', {"jmespath": "a"}).items == [{"f0": expected}]


def test_the_charset_of_the_header_means_what_it_means_on_the_web(read: Read):
    for label, byte in (("windows-1252", b"\x81"), ("iso-8859-1", b"\x81"), ("windows-1255", b"\x81")):
        found = read(b'{"a": "%s"}' % byte, {"jmespath": "a"}, content_type=f"application/json; charset={label}")
        assert found.items == [{"f0": "\x81"}]


def test_a_list_of_texts_has_texts_for_items(read: Read):
    found = read_json(read, '["a", "b"]', {"jmespath": "@"}, items={"jmespath": "@"})
    assert found.items == [{"f0": "a"}, {"f0": "b"}]


def test_a_function_that_meets_another_type_gives_no_value_and_a_warning(read: Read):
    found = read_json(read, '{"a": "x"}', {"jmespath": "sum(a)"})
    assert found.items == [{"f0": None}]
    assert found.warnings == ("field f0: its selector can't be used: sum() can't take a string",)


def test_an_items_selector_whose_function_meets_another_type_is_an_extraction_error(read: Read):
    with pytest.raises(ScrapeFailed, match="values") as caught:
        read_json(read, '{"a": "x"}', {"jmespath": "@"}, items={"jmespath": "values(a)"})
    assert caught.value.reason is Reason.EXTRACTION_ERROR


@pytest.mark.parametrize("exact", [False, True], ids=["fast", "digits as written"])
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="broken"),
        pytest.param(b"<html>", id="HTML"),
        pytest.param(b"[NaN]", id="NaN"),
        pytest.param(b"[Infinity]", id="Infinity"),
        pytest.param(b"[-Infinity]", id="-Infinity"),
        pytest.param(b"[1e400]", id="too big a float"),
        pytest.param(b"[18446744073709551616]", id="too big an integer"),
        pytest.param(b"[-9223372036854775809]", id="too small an integer"),
        pytest.param(b"[" + b"9" * 5000 + b"]", id="thousands of digits"),
        pytest.param(b"[" * 513 + b"]" * 513, id="513 levels"),
        pytest.param(b'{"a":' * 513 + b"1" + b"}" * 513, id="513 levels of objects"),
        pytest.param(b"[" * 100_000, id="a nesting bomb"),
        pytest.param(b'["\xff"]', id="not UTF-8"),
        pytest.param(b'["\xed\xa0\x80"]', id="a surrogate in UTF-8"),
        pytest.param(codecs.BOM_UTF16_LE + b"[\x00", id="half UTF-16"),
        pytest.param(b"[1] [2]", id="two texts"),
    ],
)
def test_what_is_no_json_is_a_decode_error(read: Read, body: bytes, exact: bool):
    with pytest.raises(ScrapeFailed) as caught:
        read_json(read, body, {"jmespath": "@", "type": "Decimal" if exact else "JSON"})
    assert caught.value.reason is Reason.DECODE_ERROR
    assert len(caught.value.message) <= 300


@pytest.mark.parametrize("exact", [False, True], ids=["fast", "digits as written"])
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(b'{"v": 1, "v": 2}', 2, id="of duplicate keys the last counts"),
        pytest.param(codecs.BOM_UTF8 + b'{"v": 1}', 1, id="UTF-8 with BOM"),
        pytest.param(codecs.BOM_UTF16_LE + '{"v": 1}'.encode("utf-16-le"), 1, id="UTF-16 with BOM"),
        pytest.param(codecs.BOM_UTF32_LE + '{"v": 1}'.encode("utf-32-le"), 1, id="UTF-32 with BOM"),
        pytest.param(b'{"v": 18446744073709551615}', 2**64 - 1, id="the largest integer"),
        pytest.param(b'{"v": -9223372036854775808}', -(2**63), id="the smallest integer"),
        pytest.param(b'{"v": "\\ud83d\\ude00"}', "\U0001f600", id="a pair of surrogates"),
        pytest.param(b'{"v": "\\ud83d"}', "\ufffd", id="half a pair"),
        pytest.param(b'{"\\u0000v": 1, "v": {"\\u0000": 1}}', {"\ufffd": 1}, id="NUL in a name"),
        pytest.param(b'{"v": "1234567890123456789012"}', "1234567890123456789012", id="many digits in a text"),
        pytest.param(b'{"v": 0.12345678901234567890123}', 0.12345678901234568, id="more digits than a float keeps"),
    ],
)
def test_json_is_read(read: Read, body: bytes, expected: Any, exact: bool):
    others = [{"jmespath": "x", "type": "Decimal"}] if exact else []
    assert read_json(read, body, {"jmespath": "v", "type": "JSON"}, *others).items[0]["f0"] == expected


def test_512_levels_are_read(read: Read):
    assert read_json(read, b"[" * 512 + b"]" * 512, {"jmespath": "length(@)", "type": "Integer"}).items == [{"f0": 1}]


@pytest.mark.parametrize("number", ["2.90", "-2.90", "0.10", "12.000000000000000000001", "1.299", "-0.0"])
@pytest.mark.parametrize(
    "body",
    [
        *(
            '{"v":%s}',
            '{"v": %s}',
            '{"v":\t%s}',
            '{"v":\r\n%s\n}',
            '{"a": "1.5", "v":%s}',
            '{"v": [%s]}',
            '{"v": [ %s ]}',
        ),
        *('{"v": [null,%s]}', '{"v": [null, %s]}', '{"a": 7, "v" : %s, "b": "x"}', '{"v": 1.5, "v":%s}'),
    ],
)
def test_a_decimal_is_the_number_that_was_written_wherever_it_stands(read: Read, body: str, number: str):
    found = read_json(read, body % number, {"jmespath": "v", "type": "Decimal"})
    assert found.items == [{"f0": number}]


def test_a_number_alone_is_a_document(read: Read):
    assert read_json(read, "2.90", {"jmespath": "@", "type": "Decimal"}).items == [{"f0": "2.90"}]
    assert read_json(read, codecs.BOM_UTF8 + b"2.90", {"jmespath": "@", "type": "Decimal"}).items == [{"f0": "2.90"}]


def test_a_wide_document_is_not_taken_for_a_deep_one(read: Read):
    body = f"[{','.join(['[{}]'] * 1_000)}]"
    assert read_json(read, body, {"jmespath": "length(@)", "type": "Integer"}).items == [{"f0": 1_000}]


@pytest.mark.parametrize(
    ("body", "charset", "expected"),
    [
        (b'{"a": "\xea"}', "windows-1251", "\u043a"),
        (b'{"a": "\xc3\xa9"}', "windows-1251", "é"),
        ('{"a": "é"}'.encode("utf-16-le"), "utf-16le", "é"),
        (b'{"a": "x"}', "shift_jis", "x"),
    ],
)
def test_json_is_in_the_charset_of_its_header_where_it_is_no_utf_8(
    read: Read, body: bytes, charset: str, expected: str
):
    found = read(body, {"jmespath": "a"}, content_type=f"application/json; charset={charset}")
    assert found.items == [{"f0": expected}]


@pytest.mark.parametrize("header", ["", "; charset=utf-8", "; charset=nonsense", "; charset=shift_jis"])
def test_json_in_no_known_charset_is_a_decode_error(read: Read, header: str):
    with pytest.raises(ScrapeFailed, match="DecodeError"):
        read(b'{"a": "\x81"}', {"jmespath": "a"}, content_type=f"application/json{header}")
