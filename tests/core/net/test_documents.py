import pytest

from scrape_operator.core.net.documents import MAX_VALIDATOR_LENGTH, Response, Validators

URL = "http://shop.example/"


@pytest.mark.parametrize(
    ("headers", "validators"),
    [
        ({}, None),
        ({"etag": 'W/"1"'}, Validators(URL, 'W/"1"')),
        ({"last-modified": "Wed, 25 Nov 2026 12:00:00 GMT"}, Validators(URL, "", "Wed, 25 Nov 2026 12:00:00 GMT")),
        ({"etag": "x" * (MAX_VALIDATOR_LENGTH + 1), "last-modified": "y"}, Validators(URL, "", "y")),
        ({"etag": "x" * MAX_VALIDATOR_LENGTH}, Validators(URL, "x" * MAX_VALIDATOR_LENGTH)),
        ({"etag": "x" * (MAX_VALIDATOR_LENGTH + 1)}, None),
    ],
    ids=["none", "etag", "date", "a long etag", "the longest", "only a long one"],
)
def test_validators_are_those_of_the_address_that_answered(headers, validators):
    assert Response(URL, 200, headers, b"").validators == validators
