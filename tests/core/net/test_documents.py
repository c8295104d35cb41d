import pytest

from scrape_operator.core.net.documents import NO_CONTENT, Request, Response, Traffic, Validators

URL = "http://shop.example/"


@pytest.mark.parametrize(
    ("headers", "validators"),
    [
        ({}, None),
        ({"etag": 'W/"1"'}, Validators(URL, 'W/"1"')),
        ({"last-modified": "Wed, 25 Nov 2026 12:00:00 GMT"}, Validators(URL, "", "Wed, 25 Nov 2026 12:00:00 GMT")),
        ({"etag": "x" * 1025, "last-modified": "y"}, Validators(URL, "", "y")),
        ({"etag": "x" * 1024}, Validators(URL, "x" * 1024)),
        ({"etag": "x" * 1025}, None),
    ],
    ids=["none", "etag", "date", "a long etag", "the longest", "only a long one"],
)
def test_validators_are_those_of_the_address_that_answered(headers, validators):
    assert Response(URL, 200, headers, b"").validators == validators


def test_a_request_has_the_limits_of_the_spec_by_default() -> None:
    request = Request(URL)
    assert (request.method, request.timeout, request.max_redirects) == ("GET", 30.0, 5)
    assert (request.max_body_bytes, request.success_status) == (10_485_760, ("2xx",))


def test_the_body_of_an_answer_is_read_unless_a_request_says_otherwise() -> None:
    assert not Request(URL).ignores_body
    assert not Response(URL, 200, {}, b"").is_not_modified


def test_only_these_statuses_have_no_content_by_their_definition() -> None:
    assert [status for status in range(200, 300) if status in NO_CONTENT] == [204, 205]


def test_before_the_first_request_nothing_was_sent() -> None:
    traffic = Traffic()
    assert (traffic.requests, traffic.bytes, traffic.http_status) == (0, 0, None)
