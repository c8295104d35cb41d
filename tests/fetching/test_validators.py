"""Conditional requests over real sockets."""

import pytest

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.documents import Request, Validators
from scrape_operator.core.runs.reasons import Reason
from tests.fetching.servers import answering, ok, redirect, serving

DATE = "Wed, 25 Nov 2026 12:00:00 GMT"


def not_modified():
    return b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n'


async def test_validators_of_one_answer_make_the_next_request_conditional(fetcher):
    first = ok(b"body", 'ETag: "1"', f"Last-Modified: {DATE}")
    async with serving(answering(first, not_modified(), close=False)) as server:
        request = Request(server.url + "/?q=1")
        answer = await fetcher.fetch(request)
        again = await fetcher.fetch(Request(request.url, validators=answer.validators))
    assert (answer.is_not_modified, again.is_not_modified, again.status, again.body) == (False, True, 304, b"")
    assert b'If-None-Match: "1"\r\n' in server.heads[1]
    assert f"If-Modified-Since: {DATE}\r\n".encode() in server.heads[1]
    assert fetcher.traffic.http_status == 304


async def test_they_are_sent_to_the_address_that_issued_them_alone(fetcher):
    async with serving(answering(redirect("/final"), not_modified(), close=False)) as server:
        validators = Validators(server.url + "/final", '"1"')
        assert (await fetcher.fetch(Request(server.url + "/start", validators=validators))).is_not_modified
    assert [b"If-None-Match" in head for head in server.heads] == [False, True]
    assert b"If-Modified-Since" not in server.heads[1]


async def test_an_unasked_304_is_a_failure(fetcher):
    async with serving(answering(redirect("/moved"), not_modified(), close=False)) as server:
        request = Request(server.url + "/start", validators=Validators(server.url + "/final", '"1"'))
        with pytest.raises(ScrapeFailed) as raised:
            await fetcher.fetch(request)
    assert (raised.value.reason, raised.value.http_status) == (Reason.HTTP_STATUS, 304)


async def test_a_changed_document_is_read(fetcher):
    async with serving(answering(ok(b"new", 'ETag: "2"'))) as server:
        answer = await fetcher.fetch(Request(server.url + "/", validators=Validators(server.url + "/", '"1"')))
    assert (answer.body, answer.is_not_modified) == (b"new", False)
    assert answer.validators == Validators(server.url + "/", '"2"')


@pytest.mark.parametrize("odd", ["\x01", "\x0b", "\x7f"])
async def test_a_validator_that_no_header_can_hold_is_not_sent(fetcher, odd):
    first = ok(b"body", f'ETag: "{odd}"', f"Last-Modified: {odd}{DATE}")
    async with serving(answering(first, close=False)) as server:
        answer = await fetcher.fetch(Request(server.url + "/"))
        assert answer.validators is not None
        assert (await fetcher.fetch(Request(server.url + "/", validators=answer.validators))).body == b"body"
    assert not any(header in server.heads[1] for header in (b"If-None-Match", b"If-Modified-Since"))
