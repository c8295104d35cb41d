"""Items: what makes two of them the same one, and what makes one a changed one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrape_operator.core.runs.items import Item, ItemCounts, JSONValue, differing, key_hash

KEY_MAX_BYTES = 512

BLANKS = "\t\n\v\f\r\x1c\x1f \x85\xa0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000"
texts = st.text(max_size=20) | st.text(alphabet=f'ab"\\{BLANKS}', max_size=8)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), texts)
values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
datas = st.dictionaries(st.text(min_size=1, max_size=8), values, max_size=6)


def as_text(value: object) -> str:
    """Write a value so that 1, 1.0, true and "1" differ; the order of names and white space do not count."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{name!r}:{as_text(value[name])}" for name in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(as_text, value)) + "]"
    return repr(" ".join(value.split()) if isinstance(value, str) else value)


@given(datas)
def test_the_order_of_fields_does_not_count(data: dict[str, JSONValue]) -> None:
    turned = dict(reversed(data.items()))
    assert Item.of(turned) == Item.of(data)
    assert Item.of(turned, sorted(data)) == Item.of(data, sorted(data))


@given(datas, datas)
def test_two_items_have_one_fingerprint_only_if_all_their_fields_are_equal(
    one: dict[str, JSONValue], other: dict[str, JSONValue]
) -> None:
    assert (Item.of(one).content_hash == Item.of(other).content_hash) == (as_text(one) == as_text(other))


@given(datas, values)
def test_without_key_fields_every_field_is_the_key(data: dict[str, JSONValue], value: JSONValue) -> None:
    changed = {**data, "price": value}
    assert Item.of(data).key == Item.of(data).content_hash
    assert (Item.of(changed).key == Item.of(data).key) == (as_text(changed) == as_text(data))


@given(datas, values, values)
def test_a_change_of_another_field_keeps_the_key_and_moves_the_fingerprint(
    data: dict[str, JSONValue], before: JSONValue, after: JSONValue
) -> None:
    old = Item.of({**data, "id": 7, "price": before}, ["id"])
    new = Item.of({**data, "id": 7, "price": after}, ["id"])
    assert old.key == new.key
    assert (old.content_hash == new.content_hash) == (as_text(before) == as_text(after))


def test_key_fields_are_told_apart_by_place_and_type() -> None:
    keys = [
        Item.of({"a": 1, "b": 2}, ["a", "b"]).key,
        Item.of({"a": 2, "b": 1}, ["a", "b"]).key,
        Item.of({"a": "1", "b": 2}, ["a", "b"]).key,
        Item.of({"a": "1,2", "b": ""}, ["a", "b"]).key,
        Item.of({"a": 1}, ["a", "b"]).key,
    ]
    assert len(set(keys)) == len(keys)


def test_a_missing_key_field_is_null() -> None:
    assert Item.of({"a": 1}, ["a", "b"]).key == Item.of({"a": 1, "b": None}, ["a", "b"]).key


def test_a_key_is_bounded_and_long_ones_stay_apart() -> None:
    one, other = Item.of({"id": "x" * 10_000}, ["id"]), Item.of({"id": "x" * 9_999 + "y"}, ["id"])
    assert len(one.key) <= KEY_MAX_BYTES
    assert one.key != other.key
    longest = "x" * (512 - len('[""]'))
    assert Item.of({"id": longest}, ["id"]).key == f'["{longest}"]'
    assert len(Item.of({"id": longest + "x"}, ["id"]).key) == 32


def test_the_hash_of_a_key_has_64_bits() -> None:
    hashes = {key_hash({"id": number, "price": 1}, ["id"]) for number in range(100)}
    assert len(hashes) == 100
    assert 2**63 <= max(hashes) < 2**64


PRODUCT: dict[str, JSONValue] = {
    "sku": "sku-1",
    "price": "19.90",
    "stock": 7,
    "rating": 4.5,
    "new": True,
    "gone": None,
    "tags": ["a", "b"],
    "seller": {"name": "Ann", "id": 1},
}
OF_PRODUCT = "4fad3f480c67887cde2fcbd67fadd8db"


@pytest.mark.parametrize(
    ("data", "key_fields", "key", "content_hash"),
    [
        pytest.param(PRODUCT, ["sku"], '["sku-1"]', OF_PRODUCT, id="one key field"),
        pytest.param(PRODUCT, ["stock", "sku"], '[7,"sku-1"]', OF_PRODUCT, id="two key fields"),
        pytest.param(PRODUCT, [], OF_PRODUCT, OF_PRODUCT, id="no key field"),
        pytest.param({"a": 1}, ["b"], "[null]", "2c6b113b8dd15ffbded9860b43eb0c6c", id="a key that is missing"),
        pytest.param(
            *({"name": "K\u00e4se \u20ac \U0001f600"}, ["name"]),
            *('["K\u00e4se \u20ac \U0001f600"]', "2ab8b5d5fbed1d754168cb6399749a2e"),
            id="beyond ASCII",
        ),
        pytest.param(
            *({"q": '"\\\n\u2028\x7f'}, ["q"], '["\\"\\\\\\n\u2028\x7f"]', "0077ebbe48c665a8ea5592b770fd18b9"),
            id="escapes",
        ),
        pytest.param(
            *({"id": "x" * 10_000}, ["id"], "5283ff2963926b84747163c989474a55", "53ac842e39b69cf54701a14e9a3ceb96"),
            id="a long key",
        ),
        pytest.param(
            *({"f": 1e16, "g": -0.0, "h": 1e-7}, ["f", "g", "h"]),
            *("[1e+16,-0.0,1e-7]", "aa72e71099a0e1dac9bbef7d1c5606b7"),
            id="floats",
        ),
        pytest.param(
            *({"n": 2**64}, ["n"], "[18446744073709551616]", "89346e28acfc2f7d8bc0ce94dc7f1936"), id="beyond 64 bits"
        ),
        pytest.param(
            *({"text": "\ud800"}, ["text"], '["\ufffd\ufffd\ufffd"]', "537514de4d56033009c8d5d14162d0df"),
            id="a surrogate",
        ),
    ],
)
def test_keys_and_fingerprints_are_those_of_the_rows_that_are_stored(
    data: dict[str, JSONValue], key_fields: list[str], key: str, content_hash: str
) -> None:
    item = Item.of(data, key_fields)
    assert (item.key, item.content_hash) == (key, content_hash)


@pytest.mark.parametrize("blank", BLANKS)
def test_white_space_does_not_count(blank: str) -> None:
    texts = ["a b", f"a{blank}b", f"a {blank} b", f"{blank}a b", f"a b{blank}"]
    assert len({Item.of({"text": text, "more": [{"x": text}]}).content_hash for text in texts}) == 1
    assert Item.of({"text": "ab"}).content_hash != Item.of({"text": f"a{blank}b"}).content_hash
    assert Item.of({"text": f"a{blank}b"}, ["text"]).data == {"text": f"a{blank}b"}


def test_other_values_count_beside_texts_with_white_space() -> None:
    beside: list[JSONValue] = [None, 0, 1, True, 1.5, "", [], {}]
    assert len({Item.of({"text": "a  b", "value": value}).content_hash for value in beside}) == len(beside)


def test_a_run_without_counts_changed_nothing() -> None:
    counts = ItemCounts()
    assert (counts.total, counts.new, counts.changed, counts.gone) == (0, 0, 0, 0)


def test_white_space_counts_in_keys() -> None:
    assert Item.of({"id": "a  b"}, ["id"]).key != Item.of({"id": "a b"}, ["id"]).key


def nested(text: str, depth: int, *, in_objects: bool) -> JSONValue:
    """Return a text inside so many lists or objects."""
    value: JSONValue = text
    for _ in range(depth):
        value = {"in": value} if in_objects else [value]
    return value


@pytest.mark.parametrize("in_objects", [False, True])
@pytest.mark.parametrize(("depth", "counts"), [(1, False), (65, False), (66, True), (300, True)])
def test_white_space_counts_in_very_deep_values_alone(depth: int, *, counts: bool, in_objects: bool) -> None:
    items = [Item.of({"deep": nested(text, depth, in_objects=in_objects)}) for text in ("a b", " a  b", "a  b ")]
    assert len({item.content_hash for item in items}) == (len(items) if counts else 1)
    assert {len(item.content_hash) for item in items} == {32}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param({"a": 1, "b": 2}, {"b": 3, "a": 1}, ({"b": 2}, {"b": 3}), id="a value"),
        pytest.param({"a": 1}, {"a": True}, ({"a": 1}, {"a": True}), id="true is not 1"),
        pytest.param({"a": None}, {}, ({"a": None}, {}), id="a field that went"),
        pytest.param({}, {"a": None}, ({}, {"a": None}), id="a field that came"),
        pytest.param({"a": {"x": 1, "y": 2}}, {"a": {"y": 2, "x": 1}}, ({}, {}), id="order of names"),
        pytest.param({"a": [1, 2]}, {"a": [2, 1]}, ({"a": [1, 2]}, {"a": [2, 1]}), id="order of a list"),
    ],
)
def test_fields_that_differ_are_found(before: Any, after: Any, expected: Any) -> None:
    assert differing(before, after) == expected


def test_lone_surrogates_have_a_fingerprint() -> None:
    assert Item.of({"text": "\ud800"}).content_hash != Item.of({"text": "\ud801"}).content_hash
