"""The data of a Secret as objects and files hold it."""

from typing import Any

import pytest

from scrape_operator.core.errors import InvalidValue
from scrape_operator.core.net.secret_data import secret_data


@pytest.mark.parametrize(
    ("obj", "data"),
    [
        ({}, {}),
        ({"data": None, "stringData": None}, {}),
        ({"data": {"a": "QUI="}}, {"a": b"AB"}),
        ({"data": {"a": "QU\nI=\n"}}, {"a": b"AB"}),
        ({"data": {"a": ""}}, {"a": b""}),
        ({"stringData": {"a": "\u00fc"}}, {"a": b"\xc3\xbc"}),
        ({"data": {"a": "QUI=", "b": "QQ=="}, "stringData": {"a": "x"}}, {"a": b"x", "b": b"A"}),
        ({"stringData": {1: "x"}}, {"1": b"x"}),
    ],
)
def test_values_are_decoded_and_plain_ones_count_first(obj: dict[str, Any], data: dict[str, bytes]) -> None:
    assert secret_data(obj) == data


@pytest.mark.parametrize(
    ("obj", "message"),
    [
        ({"data": {"a": 5}}, "data.a is no text"),
        ({"stringData": {"a": True}}, "stringData.a is no text"),
        ({"data": {"a": "QUI"}}, "data.a is not base64"),
        ({"data": {"a": "hidden!"}}, "data.a is not base64"),
        ({"data": {"a": "hidden42!"}}, "data.a is not base64"),
        ({"data": {"a": "\u00fc"}}, "data.a is not base64"),
        ({"data": ["a"]}, "data is no map"),
        ({"stringData": "hidden"}, "stringData is no map"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_key_without_its_value(obj: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        secret_data(obj)
    assert str(refusal.value).startswith(message)
    assert "hidden" not in str(refusal.value)
