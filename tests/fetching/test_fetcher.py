import asyncio
import gzip
import tracemalloc
from dataclasses import replace

import pytest

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.documents import Request
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.fetching.hosts.budgets import DEFAULT_BUDGET
from tests.fetching.servers import answering, never_ending, ok, redirect, resetting, serving

TIMEOUT = 20.0


def ask(url, **changes):
    return replace(Request(url, timeout=TIMEOUT), **changes)


async def failure(fetcher, request):
    with pytest.raises(ScrapeFailed) as raised:
        await fetcher.fetch(request)
    return raised.value


async def test_an_answer_has_status_headers_body_and_costs(fetcher):
    async with serving(answering(ok(b"hello", "X-One: 1", "x-two: 2"))) as server:
        response = await fetcher.fetch(ask(server.url + "/a?b=1#part"))
    assert (response.status, response.body, response.url) == (200, b"hello", server.url + "/a?b=1")
    assert (response.headers["x-one"], response.headers["x-two"]) == ("1", "2")
    assert (fetcher.traffic.requests, fetcher.traffic.bytes) == (1, 5)


async def test_a_request_is_sent_as_it_was_asked_for(fetcher):
    async with serving(answering(ok())) as server:
        url = server.url + "/a%2Fb/%7E;x?sig=a%2Bb+c%20%7E"
        await fetcher.fetch(ask(url, headers=[("X-Token", "t1"), ("X-Name", "Zoë")], params=[("q", "x y")]))
    lines = server.heads[0].split(b"\r\n")
    assert lines[0] == b"GET /a%2Fb/%7E;x?sig=a%2Bb+c%20%7E&q=x%20y HTTP/1.1"
    assert b"X-Token: t1" in lines
    assert "X-Name: Zoë".encode() in lines
    sent = {line.split(b":")[0].lower() for line in lines[1:] if line}
    assert sent == {b"host", b"x-token", b"x-name", b"user-agent", b"accept", b"accept-encoding"}


@pytest.mark.parametrize("target", ["/a/../b/./c//..", "/'a'!$&()*+,;=:@~?'b'[", "/%zz%2F%2e%2E?%"], ids=ascii)
async def test_an_address_is_sent_to_the_byte(fetcher, target):
    async with serving(answering(ok())) as server:
        response = await fetcher.fetch(ask(server.url + target))
    sent = target.replace("[", "%5B")
    assert server.heads[0].startswith(f"GET {sent} HTTP/1.1\r\nHost: {server.url[7:]}\r\n".encode())
    assert response.url == server.url + sent


@pytest.mark.parametrize(
    ("method", "body", "framing"),
    [
        ("GET", b"", set()),
        ("POST", b"", {b"content-length: 0"}),
        ("POST", b"a=1", {b"content-length: 3"}),
        ("QUERY", b"a=1", {b"content-length: 3"}),
    ],
    ids=["get", "empty post", "post", "query"],
)
async def test_a_request_gets_no_headers_that_nobody_asked_for(fetcher, method, body, framing):
    async with serving(answering(ok())) as server:
        await fetcher.fetch(ask(server.url, method=method, body=body, headers=[("Accept", "a/b")]))
    lines = server.heads[0].lower().split(b"\r\n")[1:-2]
    rest = {line for line in lines if not line.startswith((b"user-agent:", b"accept-encoding:"))}
    assert rest == {b"host: " + server.url.removeprefix("http://").encode(), b"accept: a/b", *framing}
    assert len(lines) == len(rest) + 2


async def test_the_operator_names_itself_unless_the_request_does(fetcher):
    async with serving(answering(ok())) as server:
        await fetcher.fetch(ask(server.url))
        await fetcher.fetch(ask(server.url, headers=[("user-agent", "mine"), ("Accept-Encoding", "identity")]))
    assert b"User-Agent: scrape-operator (+https://scrape-operator.dev)\r\n" in server.heads[0]
    assert b"Accept-Encoding: gzip, deflate, br, zstd\r\n" in server.heads[0]
    assert server.heads[1].lower().count(b"user-agent:") == server.heads[1].lower().count(b"accept-encoding:") == 1
    assert b"user-agent: mine\r\n" in server.heads[1].lower()


async def test_a_head_request_has_no_body_whatever_length_is_announced(fetcher):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\nContent-Encoding: gzip\r\n\r\n"
    async with serving(answering(head)) as server:
        response = await fetcher.fetch(ask(server.url, method="HEAD"))
    assert response.body == b""


@pytest.mark.parametrize("codings", ["gzip, chunked", "GZIP,Chunked"])
async def test_a_coding_of_the_transfer_is_taken_off_like_one_of_the_content(fetcher, codings):
    data = gzip.compress(b"hello")
    head = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: {codings}\r\n\r\n{len(data):x}\r\n".encode()
    async with serving(answering(head + data + b"\r\n0\r\n\r\n")) as server:
        assert (await fetcher.fetch(ask(server.url))).body == b"hello"


async def test_a_connection_is_used_again(fetcher):
    async with serving(answering(ok(b"x"), close=False)) as server:
        for _ in range(3):
            await fetcher.fetch(ask(server.url))
        assert server.connections == 1


async def test_a_host_gets_no_more_connections_than_its_limit(fetcher):
    async with serving(answering(ok(b"x"), close=False)) as server:
        answers = await asyncio.gather(*(fetcher.fetch(ask(server.url)) for _ in range(100)))
        assert {answer.body for answer in answers} == {b"x"}
        assert server.connections <= DEFAULT_BUDGET.max_concurrent


async def test_a_kept_connection_that_the_server_gave_up_is_replaced_unseen(fetcher):
    async def give_up_kept_connections(head, writer):
        if len(server.heads) == 2:
            writer.close()
        else:
            writer.write(ok(b"x"))

    async with serving(give_up_kept_connections) as server:
        await fetcher.fetch(ask(server.url))
        response = await fetcher.fetch(ask(server.url))
    assert (response.body, fetcher.traffic.requests, server.connections) == (b"x", 2, 2)


async def test_a_new_connection_that_the_server_gives_up_is_not_replaced(fetcher):
    async with serving(answering(b"")) as server:
        await failure(fetcher, ask(server.url))
    assert server.connections == 1


async def test_proxies_of_the_environment_are_not_used(fetcher, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    async with serving(answering(ok(b"x"))) as server:
        assert (await fetcher.fetch(ask(server.url))).body == b"x"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", Reason.PROTOCOL_ERROR),
        (b"garbage\r\n\r\n", Reason.PROTOCOL_ERROR),
        (b"\x16\x03\x01\x02\x00", Reason.PROTOCOL_ERROR),
        (b"HTTP/1.1 abc OK\r\n\r\n", Reason.PROTOCOL_ERROR),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\n\r\n", Reason.PROTOCOL_ERROR),
        (b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 1000 + b"\r\n", Reason.PROTOCOL_ERROR),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", Reason.PROTOCOL_ERROR),
        (b"HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n", Reason.PROTOCOL_ERROR),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", Reason.PROTOCOL_ERROR),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc", Reason.PROTOCOL_ERROR),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", Reason.PROTOCOL_ERROR),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", Reason.PROTOCOL_ERROR),
        (b"HTTP/1.1 200 OK\r\nConte", Reason.PROTOCOL_ERROR),
    ],
    ids=[
        "closes at once",
        "garbage",
        "TLS",
        "bad status",
        "a huge header",
        "too many headers",
        "a header without colon",
        "bad length",
        "a short body",
        "bad chunk",
        "a short chunk",
        "no last chunk",
        "half a header",
    ],
)
async def test_a_broken_answer_is_a_failure_with_its_reason(fetcher, answer, reason):
    async with serving(answering(answer)) as server:
        failed = await failure(fetcher, ask(server.url))
    assert failed.reason is reason
    assert failed.message.startswith("127.0.0.1:")
    assert fetcher.traffic.requests >= 1


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nabc",
    ],
    ids=["before an answer", "in the header", "in a body", "between chunks", "in a body without length", "identity"],
)
async def test_a_reset_is_a_connect_error(fetcher, start):
    async with serving(resetting(start)) as server:
        failed = await failure(fetcher, ask(server.url))
    assert failed.reason is Reason.CONNECT_ERROR
    assert "reset" in failed.message


async def test_a_body_that_ends_with_its_connection_is_whole(fetcher):
    async with serving(answering(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc")) as server:
        assert (await fetcher.fetch(ask(server.url))).body == b"abc"


@pytest.mark.parametrize(
    ("start", "drip"),
    [
        (b"", b""),
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"y"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nabc", b""),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08", b"\0"),
    ],
    ids=["silence", "headers", "a header", "a body", "half a body", "chunks", "a coded body"],
)
async def test_what_never_ends_is_ended_on_time_and_hung_up_on(fetcher, start, drip):
    async with serving(never_ending(start, drip)) as server:
        failed = await failure(fetcher, ask(server.url, timeout=0.2))
        assert failed.reason in {Reason.TIMEOUT, Reason.DECODE_ERROR}
        async with asyncio.timeout(10):
            await server.gone()
    assert fetcher.traffic.requests == 1
    assert "127.0.0.1" in failed.message


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"], ids=["head", "body"])
async def test_cancellation_is_prompt_and_leaves_no_connection(fetcher, start):
    async with serving(never_ending(start)) as server:
        task = asyncio.create_task(fetcher.fetch(ask(server.url)))
        await server.asked()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(10):
            await server.gone()


async def test_a_refused_connection_is_a_connect_error(fetcher):
    async with serving(answering(ok())) as server:
        url = server.url
    failed = await failure(fetcher, ask(url))
    assert (failed.reason, fetcher.traffic.requests) == (Reason.CONNECT_ERROR, 0)
    assert "refused" in failed.message


async def test_a_name_that_is_not_there_is_a_dns_error(fetcher):
    failed = await failure(fetcher, ask("http://nowhere.invalid/"))
    assert (failed.reason, fetcher.traffic.requests) == (Reason.DNS_ERROR, 0)
    assert failed.message.startswith("nowhere.invalid ")


@pytest.mark.parametrize("url", ["ftp://e.example/", "http://0x7f.1/", "http://u:p@e.example/"])
async def test_an_address_that_is_none_is_never_asked_for(fetcher, url):
    failed = await failure(fetcher, ask(url))
    assert (failed.reason, fetcher.traffic.requests) == (Reason.INVALID_SPEC, 0)


@pytest.mark.parametrize(
    "header",
    [
        ("X-Key", "hunter2\n"),
        ("X Key", "hunter2"),
        ("X-Key", "hunter2" * 2000),
        ("Content-Length", "7"),
        ("X-Key", "hunter2\ud800"),
        ("X-Key", "hunter2\x01"),
        ("", "hunter2"),
        ("Transfer-Encoding", "chunked"),
        ("X-Key\r\nA", "hunter2"),
        ("HOST", "hunter2.example"),
    ],
    ids=[
        "line break",
        "space",
        "long",
        "length",
        "surrogate",
        "control",
        "no name",
        "chunked",
        "break in name",
        "host",
    ],
)
async def test_a_header_that_cannot_be_sent_is_named_without_its_value(fetcher, header):
    async with serving(answering(ok())) as server:
        failed = await failure(fetcher, ask(server.url, headers=[header]))
    assert failed.reason is Reason.INVALID_SPEC
    assert "hunter2" not in failed.message
    assert not server.heads


async def test_an_address_with_too_many_params_is_never_asked_for(fetcher):
    failed = await failure(fetcher, ask("http://127.0.0.1:1/", params=[("q", "x" * 70_000)]))
    assert (failed.reason, fetcher.traffic.requests) == (Reason.INVALID_SPEC, 0)


@pytest.mark.parametrize(
    ("status", "reason", "retry_after"),
    [
        ("401 Unauthorized", Reason.AUTH_FAILED, None),
        ("407 Proxy Authentication Required", Reason.AUTH_FAILED, None),
        ("403 Forbidden", Reason.BLOCKED, None),
        ("429 Too Many Requests", Reason.RATE_LIMITED, None),
        ("429 Slow\r\nRetry-After: 7", Reason.RATE_LIMITED, 7.0),
        ("503 Busy\r\nRetry-After: 120", Reason.RATE_LIMITED, 120.0),
        ("503 Busy\r\nRetry-After: soon", Reason.RATE_LIMITED, None),
        ("503 Busy\r\nRetry-After: Thu, 01 Jan 1970 00:00:00 GMT", Reason.RATE_LIMITED, 0.0),
        ("503 Busy", Reason.HTTP_STATUS, None),
        ("500 Oops\r\nRetry-After: 5", Reason.HTTP_STATUS, None),
        ("404 Not Found", Reason.HTTP_STATUS, None),
        ("304 Not Modified", Reason.HTTP_STATUS, None),
        ("300 Multiple Choices", Reason.HTTP_STATUS, None),
        ("999 Strange", Reason.HTTP_STATUS, None),
    ],
)
async def test_a_status_that_was_not_asked_for_has_its_reason(fetcher, status, reason, retry_after):
    async with serving(answering(ok(b"", status=status))) as server:
        failed = await failure(fetcher, ask(server.url))
    assert (failed.reason, failed.http_status, failed.retry_after) == (reason, int(status[:3]), retry_after)
    assert f"answered {status[:3]}" in failed.message


@pytest.mark.parametrize(
    ("success", "status", "fine"),
    [
        (("2xx",), 204, True),
        ((200,), 204, False),
        ((404,), 404, True),
        ((200, "3XX"), 304, True),
        (("4xx",), 429, True),
        (("4xx",), 200, False),
    ],
)
async def test_success_is_what_the_request_says(fetcher, success, status, fine):
    async with serving(answering(ok(b"", status=f"{status} X"))) as server:
        request = ask(server.url, success_status=success)
        if fine:
            assert (await fetcher.fetch(request)).status == status
        else:
            assert (await failure(fetcher, request)).http_status == status


@pytest.mark.parametrize(("size", "fine"), [(1000, True), (1001, False)])
@pytest.mark.parametrize("chunked", [True, False], ids=["chunked", "with length"])
async def test_a_body_may_have_just_so_many_bytes(fetcher, size, fine, chunked):
    body = b"x" * size
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (size, body)
    async with serving(answering(answer if chunked else ok(body))) as server:
        request = ask(server.url, max_body_bytes=1000)
        if fine:
            assert (await fetcher.fetch(request)).body == body
        else:
            failed = await failure(fetcher, request)
            assert (failed.reason, failed.http_status) == (Reason.TOO_LARGE, 200)
            assert "1000" in failed.message


async def test_a_body_without_end_is_given_up_with_little_memory(fetcher):
    start = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    async with serving(never_ending(start, b"x" * 65_536)) as server:
        tracemalloc.start()
        try:
            failed = await failure(fetcher, ask(server.url, max_body_bytes=2**20))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        await server.gone()
    assert failed.reason is Reason.TOO_LARGE
    assert 2**20 < fetcher.traffic.bytes < 2**20 + 2**19
    assert peak < 4 * 2**20


async def test_failures_name_no_query_and_no_header(fetcher):
    async with serving(answering(redirect("http://127.0.0.1:1/?token=hunter2"), b"x" * 9)) as server:
        request = ask(server.url + "/?token=hunter2", headers=[("X-Token", "hunter2")])
        failed = [await failure(fetcher, request), await failure(fetcher, request)]
    assert [one.reason for one in failed] == [Reason.CONNECT_ERROR, Reason.PROTOCOL_ERROR]
    assert "hunter2" not in "".join(f"{one} {one.message}" for one in failed)
