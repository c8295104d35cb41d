import json

from scrape_operator.core.net.bodies import EncodedBody, FormBody, JSONBody, TextBody


def fill(text):
    return text.replace("{day}", "25")


def test_json_is_filled_in_its_texts_only():
    value = {"{day}": ["{day}", 1, None, True, {"a": "x{day}é"}]}
    encoded = JSONBody(value).encode(fill)
    assert encoded.content_type == "application/json"
    assert json.loads(encoded.content) == {"{day}": ["25", 1, None, True, {"a": "x25é"}]}
    assert b" " not in encoded.content
    assert "é".encode() in encoded.content


def test_a_form_keeps_its_order_and_encodes_names_and_values():
    encoded = FormBody([("b", "x y&{day}"), ("a=", "é"), ("b", "")]).encode(fill)
    assert encoded == EncodedBody(b"b=x+y%2625&a%3D=%C3%A9&b=", "application/x-www-form-urlencoded")


def test_text_is_sent_in_utf_8():
    assert TextBody("é{day}").encode(fill) == EncodedBody("é25".encode(), "text/plain; charset=utf-8")


def test_a_lone_surrogate_is_replaced():
    assert TextBody("\ud800").encode(fill).content == b"?"
    assert JSONBody(["\ud800"]).encode(fill).content == b'["?"]'
